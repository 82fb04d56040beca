/* SPDX-License-Identifier: MIT */
/* How sound and picture of one take stand to each other. Each stream's clock (clock.h) puts it where its least delayed
 * packets arrived, and a picture takes longer to encode than sound. Sender reports (RFC 3550 6.4.1) say which
 * timestamps of the two belong to one moment of the sender's NTP clock; what that clock shows does not matter, only
 * that both streams share it.
 *
 *   1. Epochs: NTP time minus arrival is nearly a constant. Reports that leave it by more than SYNC_STEP_US are
 *      nonsense, unless SYNC_AGREE of them in a row agree: then the sender has set its clock, and a new epoch begins.
 *      Only reports of one epoch are compared.
 *   2. For each report of either stream: place of its timestamp minus NTP time; between two reports of the other stream
 *      the same is interpolated for that. The difference is how much later this stream's packets come.
 *   3. Median of all differences within SYNC_WINDOW_US, which forgets outliers and the jitter of reports.
 *
 * The stream that is later is moved to where the other one says it belongs; the other stays. */
#ifndef ROOMLINE_RECORDER_FILM_SYNC_H
#define ROOMLINE_RECORDER_FILM_SYNC_H

#include "common/media.h"
#include "common/tap.h"
#include "recorder/film/clock.h"

#define SYNC_STEP_US   1e6
#define SYNC_AGREE     3
#define SYNC_WINDOW_US 30e6 /* before and after */
#define SYNC_FAR_US    3e6  /* streams that are further apart have no clock in common */

struct sync;

struct sync *sync_create(void);
void sync_destroy(struct sync *s);

/* A sender report, in order of arrival. */
void sync_see(struct sync *s, enum media_kind kind, const struct tap_sr *sr, int64_t rx_us);

/* All were seen, and the clocks have settled; one may be NULL. */
void sync_settle(struct sync *s, struct clock *const clocks[MEDIA_KINDS]);

/* What is to be added to where the clock of that kind puts something; 0 or less. */
int64_t sync_shift(const struct sync *s, enum media_kind kind, int64_t at_us);

#endif
