/* SPDX-License-Identifier: MIT */
/* The size of the picture from an H.264 sequence parameter set (ITU-T H.264 7.3.2.1.1). Total on any (ptr, len). */
#ifndef ROOMLINE_RECORDER_FILM_H264_SPS_H
#define ROOMLINE_RECORDER_FILM_H264_SPS_H

#include <stddef.h>
#include <stdint.h>

struct h264_sps {
    uint8_t id;             /* 0..31 */
    uint16_t width, height; /* as shown: without what is cropped off */
};

/* nal: from its header byte on, without start code. 0 or -EBADMSG. */
int h264_sps_parse(struct h264_sps *sps, const uint8_t *nal, size_t len);

/* The number of a picture parameter set (7.3.2.2), 0..255, or -EBADMSG. */
int h264_sps_pps_id(const uint8_t *nal, size_t len);

#endif
