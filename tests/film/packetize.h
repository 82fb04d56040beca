/* SPDX-License-Identifier: MIT */
/* Pictures cut into RTP payloads as browsers cut them. */
#ifndef ROOMLINE_TESTS_FILM_PACKETIZE_H
#define ROOMLINE_TESTS_FILM_PACKETIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACKETIZE_BYTES_MAX 1200 /* of a payload */

typedef void packetize_fn(void *arg, const uint8_t *payload, size_t bytes, bool last);

/* VP8 (RFC 7741 4.2) with picture ids of 15 bits, which wrap. */
void packetize_vp8(const uint8_t *frame, size_t bytes, uint16_t picture_id, packetize_fn *send, void *arg);

/* H.264 (RFC 6184 5.7.1, 5.8), from NAL units behind start codes: parameter sets and what else is small in front of a
 * slice go as one STAP-A, slices alone or as FU-A. sets: false: parameter sets are left out. */
void packetize_h264(const uint8_t *unit, size_t bytes, bool sets, packetize_fn *send, void *arg);

#endif
