/* SPDX-License-Identifier: MIT */
/* Where the timestamps of one RTP stream stand on our timeline (CLOCK_MONOTONIC, us). It is made offline: first every
 * packet is seen, then it settles, and then it is read.
 *
 * Media time is the timestamp, unwrapped along the packets and divided by the nominal rate. A packet's delay is arrival
 * minus media time: a constant, and how far the sender's clock has drifted from ours, and what encoder and network
 * added. Only the packets delayed least say something of the first two, so:
 *
 *   1. Samples: of each second of media the packet with the least delay.
 *   2. Lines: where the delay jumps by more than CLOCK_JUMP_US from one packet to the next a new run begins. When the
 *      least delay about its start is that about the end of the run before, or of the one before that (a few odd
 *      packets between), or when it soon will be again (a stall of the network that clears), or when all before it
 *      came in a burst (a stall with which the stream began), both are one line. Else the timestamps themselves have
 *      jumped (a restarted encoder, a pause in which they stood still), and the new line is tied to our clock on its
 *      own.
 *   3. Slope: the straight line below all samples of a line that is nearest to them all, which is the edge of their
 *      lower convex hull above their mean. This is the drift, hours long and however large.
 *   4. Envelope: what is left over the slope, reduced to where the cones of slope +-ENVELOPE_BEND_PPM of all lower
 *      samples reach. So a queue that stands for a minute lifts it by a few ms only, while a drift that changes is
 *      followed; and it can bend by no more than that, so what is evenly spaced stays so.
 *
 * The result is continuous and rising within a line. Error above the true least delay: with n packets/s of jitter up to
 * J about sqrt(bend * J / n), half a ms for sound with 60 ms of jitter. */
#ifndef ROOMLINE_RECORDER_FILM_CLOCK_H
#define ROOMLINE_RECORDER_FILM_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define CLOCK_JUMP_US  400000.0
#define CLOCK_JOIN_US  200000.0 /* levels that differ by less are one line */
#define CLOCK_LEVEL_US 15e6     /* of media time, over which the least delay about a run's start or end is taken */

struct clock;

struct clock *clock_create(uint32_t clock_hz);
void clock_destroy(struct clock *c);

/* A packet, in order of arrival. */
void clock_see(struct clock *c, int64_t index, uint32_t ts, int64_t rx_us);
/* All packets were seen. */
void clock_settle(struct clock *c);

/* ---- Once it has settled ---- */

/* Goes along a stream in order of index; zeroed at its start. */
struct clock_hand {
    uint32_t run;
    bool moved;
    int64_t ts, rx_us; /* unwrapped, of the last packet */
};

int64_t clock_at(const struct clock *c, struct clock_hand *hand, int64_t index, uint32_t ts, int64_t rx_us);

/* The timestamp of a sender report, which may lie between or beyond those of packets. false: nothing that was sent
 * about the time at which it came has such a timestamp. */
bool clock_at_report(const struct clock *c, uint32_t ts, int64_t rx_us, double *at_us);

/* How much faster than ours it ran, of the longest line; 0: unknown. */
double clock_ppm(const struct clock *c);

#endif
