/* SPDX-License-Identifier: MIT */
/* H.264 out of RTP (RFC 6184, packetization modes 0 and 1: single NAL units, STAP-A, FU-A) as NAL units behind start
 * codes. Parameter sets are kept: a key frame that came without gets the last known ones in front. Delimiters and
 * filler say nothing and are dropped. Total on any payload. */
#ifndef ROOMLINE_RECORDER_FILM_DEPAY_H264_H
#define ROOMLINE_RECORDER_FILM_DEPAY_H264_H

#include "recorder/film/picture.h"

#define DEPAY_H264_SETS      8
#define DEPAY_H264_SET_BYTES 1024

struct depay_h264_set { /* zeroed: free */
    uint8_t type;       /* NAL_SPS, NAL_PPS */
    uint8_t id;
    uint16_t bytes;
    uint8_t data[DEPAY_H264_SET_BYTES];
};

struct depay_h264 {
    struct picture picture;
    struct depay_h264_set sets[DEPAY_H264_SETS];
    uint8_t next_set;      /* goes when all places are taken */
    bool has_sps, has_pps; /* of this picture, in band */
    bool has_slice, in_fragment;
    bool sets_come, sets_lost; /* the last key frame had its sets with it; and this one's seem to be lost */
    size_t fragment;           /* where the NAL unit whose fragments come begins */
    uint16_t width, height;    /* of the newest SPS */
};

void depay_h264_begin(struct depay_h264 *h);
/* lost: packets are missing between this one and the one before, of the same picture or of another. */
void depay_h264_add(struct depay_h264 *h, const uint8_t *payload, size_t len, bool lost);
/* No more packets. lost_before: some are missing before its first one. false: it is of no use, or holds no picture at
 * all (then it is not torn). Its end may be missing (cut), and whether it is a key frame that can be decoded is known.
 */
bool depay_h264_end(struct depay_h264 *h, bool lost_before);

#endif
