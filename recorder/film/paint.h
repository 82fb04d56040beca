/* SPDX-License-Identifier: MIT */
/* Pictures made by us, to stand in one track with pictures that a browser made: the same codec and size, without
 * reordering, with parameter sets in band. And a stretch of black ones, which is encoded once and then repeated. */
#ifndef ROOMLINE_RECORDER_FILM_PAINT_H
#define ROOMLINE_RECORDER_FILM_PAINT_H

#include <libavcodec/avcodec.h>

#define PAINT_CLOCK_HZ 90000

struct paint_form {
    enum AVCodecID codec; /* H264 or VP8 */
    int width, height;
    enum AVColorRange range;
};

/* An encoder of frames in YUV 4:2:0 with times in 1/PAINT_CLOCK_HZ, that gives a packet for each at once.
 * 0 or a negative AVERROR. */
int paint_open(AVCodecContext **encoder, const struct paint_form *form);

/* 25 a second, so that a player or a tool that goes by this track's pictures does not slow down in front of black; all
 * but the first of PAINT_BLACKS take some 10 bytes. */
#define PAINT_BLACK_FPS 25
#define PAINT_BLACKS    250

struct paint_black {
    AVPacket *packets[PAINT_BLACKS]; /* from a key frame on; to be shown again and again */
};

int paint_black_init(struct paint_black *b, const struct paint_form *form); /* paint_black_finish in every case */
void paint_black_finish(struct paint_black *b);

void paint_clear(AVFrame *f, const struct paint_form *form); /* all of it black */

#endif
