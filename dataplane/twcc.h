/* SPDX-License-Identifier: MIT */
/* Transport-wide congestion control feedback to a publisher (draft-holmer-rmcat-transport-wide-cc-extensions-01): when
 * each packet of the transport came, by its transport-wide sequence number, and the RTCP that says so. Bounded; pure
 * but for create and destroy. */
#ifndef ROOMLINE_DATAPLANE_TWCC_H
#define ROOMLINE_DATAPLANE_TWCC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TWCC_WINDOW     1024 /* packets remembered */
#define TWCC_REPORT_MAX 256  /* packets in one feedback packet */
#define TWCC_BYTES_MAX  (20 + 2 * (TWCC_REPORT_MAX / 7 + 2) + 2 * TWCC_REPORT_MAX + 4)

struct twcc {
    bool started;
    uint8_t count;                   /* feedback packets sent, modulo 256 */
    int64_t next;                    /* first sequence number not yet told, unwrapped */
    int64_t highest;                 /* newest that came */
    int64_t arrival_us[TWCC_WINDOW]; /* ring by sequence number; -1: has not come */
};

struct twcc *twcc_create(void); /* ctl */
void twcc_destroy(struct twcc *t);

void twcc_arrived(struct twcc *t, uint16_t seq, int64_t now_us);
bool twcc_pending(const struct twcc *t);

/* Writes one feedback packet of at most size (>= 24) bytes and counts what it tells as told. Returns its length, a
 * multiple of 4; 0: nothing is pending. */
size_t twcc_write(struct twcc *t, uint8_t *out, size_t size, uint32_t sender_ssrc, uint32_t media_ssrc);

#endif
