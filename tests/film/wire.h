/* SPDX-License-Identifier: MIT */
/* The way from a sender to a capture in virtual time: the sender's clocks, its numbers and sender reports, and a
 * network that delays, loses, repeats and reorders. Two times: that of the scene (us, ours, 0 at its start), and ticks
 * of a stream's media clock since the scene's start. */
#ifndef ROOMLINE_TESTS_FILM_WIRE_H
#define ROOMLINE_TESTS_FILM_WIRE_H

#include "tests/film/reel.h"
#include "tests/peer/rng.h"

#define WIRE_EPOCH_US INT64_C(5000000000)       /* our CLOCK_MONOTONIC at the start of every scene */
#define WIRE_UNIX_US  INT64_C(1790000000000000) /* and Unix time */

struct wire_options { /* zeroed: a perfect network and clocks like ours, numbers from 0 on, no sender reports */
    uint64_t seed;
    double loss, duplicate; /* probabilities */
    double resent;          /* share of what is lost that comes RTT later, as a retransmission brings it */
    int64_t rtt_us;
    int64_t delay_us, jitter_us; /* of every packet, and evenly spread on top: it reorders */
    double sender_ppm;           /* how much faster than ours the sender's clock runs */
    double sound_ppm;            /* and its sound card than that */
    int64_t bend_us;             /* scene time from which the sender's clock runs at another rate; 0: never */
    double bend_ppm;             /* namely this much faster than ours */
    int64_t first_index[MEDIA_KINDS];
    uint32_t first_ts[MEDIA_KINDS];
    /* Sender reports. period_us 0: none */
    int64_t report_first_us, report_period_us; /* scene time; every 0.5 to 1.5 periods */
    int64_t report_jitter_us;                  /* by which its two times do not fit each other, at the most */
    double report_wrong;                       /* probability that it is nonsense */
    int64_t ntp_offset_us;                     /* sender's Unix time before ours */
    int64_t ntp_step_at_us, ntp_step_us;       /* what its NTP time is set forward by, and when; 0: never */
};

struct wire_sent {
    uint64_t packets, lost; /* lost: for good */
};

struct wire {
    struct wire_options options;
    struct reel *reel; /* not owned */
    struct rng rng;
    uint32_t clock_hz[MEDIA_KINDS];
    int64_t index[MEDIA_KINDS], shift[MEDIA_KINDS], next_report_us[MEDIA_KINDS];
    struct wire_sent sent[MEDIA_KINDS];
};

void wire_init(struct wire *w, const struct wire_options *options, struct reel *reel, enum codec audio,
               enum codec video);

int64_t wire_ticks(const struct wire *w, enum media_kind kind, double at_us);
double wire_us(const struct wire *w, enum media_kind kind, int64_t ticks);

/* From now on timestamps are this much further: an encoder that starts anew, or (negative) a pause in which they stood
 * still. */
void wire_shift(struct wire *w, enum media_kind kind, int64_t ticks);

/* Sends a packet of what was captured at ticks; whatever sender reports are due go before it. at_us: when it leaves.
 * false: it never arrives. */
bool wire_send(struct wire *w, enum media_kind kind, int64_t at_us, int64_t ticks, bool marker, const uint8_t *payload,
               size_t bytes);

double wire_chance(struct wire *w); /* [0, 1) */

#endif
