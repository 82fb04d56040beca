/* SPDX-License-Identifier: MIT */
/* One RTP packet of a track, as the capture has it. Everything points into the capture. */
#ifndef ROOMLINE_RECORDER_FILM_PACKET_H
#define ROOMLINE_RECORDER_FILM_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct packet {
    int64_t index; /* never wraps (tap_record.index) */
    int64_t rx_us;
    int64_t at_us; /* on the timeline, by its timestamp */
    uint32_t ts;
    bool marker;
    bool after_loss;        /* set by order: packets between it and the one before it are missing */
    const uint8_t *payload; /* without padding */
    size_t bytes;           /* 0: nothing for a decoder, but its number counts (probes, other payload types) */
};

#endif
