/* SPDX-License-Identifier: MIT */
/* The fake recorder of the stage: takes the places of controlplane/rec.c and hooks.c at link time. Checks what the
 * link's contract demands, and says what it is told in short lines:
 *
 *   room NAME [whole=FILE] [step] / take ID ROOM [opus/111] [VP8/96] [file=FILE] / end-take ID [FILE] / end-room NAME
 *
 * ID: the media session id. Hooks, which are the business of this fake too:
 *
 *   hook PROGRAM ARGUMENTS... */
#ifndef ROOMLINE_TESTS_FAKE_RECORDER_H
#define ROOMLINE_TESTS_FAKE_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dp;
struct rec;
struct rec_state;

struct rec *fake_rec_create(const struct dp *dp, void (*hear)(const char *line));
void fake_rec_destroy(struct rec *rec); /* aborts when a room or take has not ended */
void fake_rec_set_up(struct rec *rec, bool up);

/* What the recorder would say of a room or take, by name or media session id, also of one that has ended. False: there
 * was none. */
bool fake_rec_state(const struct rec *rec, const char *label, const char *state, struct rec_state *out);
uint64_t fake_rec_video(const struct rec *rec, const char *label); /* its RTP stream; 0: none */

#endif
