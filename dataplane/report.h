/* SPDX-License-Identifier: MIT */
/* RTCP that a worker says on its own: to publishers (report.c) what came, what is missing, how much may come; to
 * subscribers (sender.c) the publisher's clock in the subscriber's terms (RFC 3550 6.4). */
#ifndef ROOMLINE_DATAPLANE_REPORT_H
#define ROOMLINE_DATAPLANE_REPORT_H

#include <stdint.h>

struct stream;
struct subscription;
struct worker;

/* The publisher's sender report has come: on to every subscriber, its NTP time unchanged, its RTP time shifted as the
 * packets are, so that streams of one publisher stay in step. */
void report_sr_relay(struct worker *w, struct stream *st, int64_t now_us);

/* A subscription starts: the last sender report, carried forward to now; nothing before there was one. */
void report_sr_start(struct worker *w, struct subscription *sub, int64_t now_us);

#endif
