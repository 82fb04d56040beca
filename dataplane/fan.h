/* SPDX-License-Identifier: MIT */
/* Who plays a stream: a leg for each subscription, side by side in memory, so that the fan-out of a packet reads one
 * cache line for a subscriber, the next ones are there already, and the path behind each can be prefetched. ctl makes a
 * fan with room and frees it; the owner worker of the stream fills it, and gives it back when ctl has sent a larger
 * one.
 */
#ifndef ROOMLINE_DATAPLANE_FAN_H
#define ROOMLINE_DATAPLANE_FAN_H

#include <rte_common.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/media.h"

struct path;
struct subscription;

/* How packets of the stream leave to one subscriber. Offsets are fixed when the first packet is forwarded (seq_offset
 * anew, with first_index, when a gap would be too large) and the rest never changes, so that a packet of the history
 * from first_index on can be written again exactly as it was sent: on the original SSRC anything else would use a nonce
 * twice. */
struct leg {
    _Alignas(RTE_CACHE_LINE_SIZE) struct path *path; /* of the subscriber's session */
    int64_t seq_offset;                              /* out index = in index + seq_offset (48 bit SRTP index, both) */
    int64_t first_index; /* first in-index forwarded under this offset; older ones are not */
    int64_t newest;      /* highest out index used; at first the one that the first packet gets */
    uint32_t ts_offset;  /* out timestamp = in + ts_offset, modulo 2^32 */
    uint32_t ssrc;
    uint32_t packets, octets; /* sent, for sender reports: RTP payload octets, modulo 2^32 (RFC 3550 6.4.1) */
    uint8_t pt;
    bool running;               /* a key frame (or, for audio, any packet) was forwarded: the offsets above hold */
    uint8_t ext[RTP_EXT_COUNT]; /* id of each extension at the subscriber, 0: strip */
};

_Static_assert(sizeof(struct leg) == RTE_CACHE_LINE_SIZE, "a leg is a cache line");

struct fan {
    uint32_t n, room;
    struct subscription **subs; /* of each leg */
    struct leg legs[];
};

struct fan *fan_create(uint32_t room); /* NULL: out of memory */
void fan_destroy(struct fan *fan);

/* There is room. subscription.place is where its leg stands until the next fan_del. */
void fan_add(struct fan *fan, struct subscription *sub);
void fan_del(struct fan *fan, struct subscription *sub);

/* All legs of an older fan, which is empty then. */
void fan_take(struct fan *fan, struct fan *old);

#endif
