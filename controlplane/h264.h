/* SPDX-License-Identifier: MIT */
/* H.264 payload formats (RFC 6184 8.1, 8.2.2): which profile-level-ids name one profile, and who can play whose stream.
 * Levels are not compared: browsers send level-asymmetry-allowed=1 and decode beyond what they declare. */
#ifndef ROOMLINE_CONTROLPLANE_H264_H
#define ROOMLINE_CONTROLPLANE_H264_H

#include <stdbool.h>
#include <stdint.h>

#define H264_PROFILE_LEVEL_ID_DEFAULT 0x42000a /* Baseline, level 1: RFC 6184 8.1, when the parameter is absent */

enum h264_profile {
    H264_UNKNOWN,
    H264_CONSTRAINED_BASELINE,
    H264_BASELINE,
    H264_MAIN,
    H264_CONSTRAINED_HIGH,
    H264_HIGH,
    H264_HIGH_444,
};

struct h264_format {
    uint32_t profile_level_id; /* profile_idc, profile-iop, level_idc: 24 bits */
    uint8_t packetization_mode;
};

/* By profile_idc and the constraint bits of profile-iop (RFC 6184 table 5, RFC 6184 8.1). */
enum h264_profile h264_profile(uint32_t profile_level_id);

/* Order of preference for a stream to be relayed to every browser, 0 the best: Constrained Baseline and Baseline before
 * the others, mode 1 before mode 0. -1: not relayed (unknown profile, interleaved mode). */
int h264_rank(const struct h264_format *format);

/* May what is sent as one format be played by a receiver that declares the other? 0: same profile and packetization
 * mode; 1: same mode, and what is sent is Constrained Baseline, which decoders of the other profile include
 * (H.264 A.2.1.1); -1: no. */
int h264_match(const struct h264_format *sent, const struct h264_format *declared);

#endif
