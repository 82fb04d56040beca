/* SPDX-License-Identifier: MIT */
/* depay_audio: durations of payloads. */
#include "recorder/film/depay_audio.h"

#include "common/util.h"

#define OPUS_US_MAX 120000

/* By the configuration number of the TOC byte (RFC 6716 table 2): SILK, hybrid, CELT. */
static int64_t opus_frame_us(uint8_t toc)
{
    static const int32_t silk[] = {10000, 20000, 40000, 60000}, hybrid[] = {10000, 20000},
                         celt[] = {2500, 5000, 10000, 20000};
    uint8_t config = toc >> 3;
    return config < 12 ? silk[config & 3] : config < 16 ? hybrid[config & 1] : celt[config & 3];
}

/* A frame's length in one or two bytes (RFC 6716 3.2.1) at p, which is stepped over. -1: cut off. */
static int opus_length(const uint8_t **p, const uint8_t *end)
{
    if (*p == end)
        return -1;
    int first = *(*p)++;
    if (first < 252)
        return first;
    return *p == end ? -1 : first + 4 * *(*p)++;
}

/* Code 3: a count, padding, and either lengths or equal parts. Returns the frames, 0 if they do not fit. */
static int opus_frames(const uint8_t *p, const uint8_t *end)
{
    if (p == end)
        return 0;
    uint8_t head = *p++;
    int frames = head & 0x3f;
    int64_t padding = 0, taken = 0;
    for (uint8_t more = head & 0x40 ? 255 : 0; more == 255; padding += more == 255 ? 254 : more) {
        if (p == end)
            return 0;
        more = *p++;
    }
    if (head & 0x80)
        for (int i = 0; i + 1 < frames; i++) {
            int len = opus_length(&p, end);
            if (len < 0)
                return 0;
            taken += len;
        }
    int64_t left = end - p - padding - taken;
    if (left < 0 || (!(head & 0x80) && frames && left % frames))
        return 0;
    return frames;
}

int64_t depay_audio_opus_us(const uint8_t *payload, size_t len)
{
    if (!len)
        return 0;
    const uint8_t *p = payload + 1, *end = payload + len;
    int frames = 1;
    switch (payload[0] & 3) {
    case 1:
        frames = (len - 1) % 2 ? 0 : 2;
        break;
    case 2: {
        int first = opus_length(&p, end);
        frames = first < 0 || first > end - p ? 0 : 2;
        break;
    }
    case 3:
        frames = opus_frames(p, end);
        break;
    }
    int64_t us = frames * opus_frame_us(payload[0]);
    return us > OPUS_US_MAX ? 0 : us;
}

int64_t depay_audio_pcm_us(size_t len, uint8_t channels, uint32_t clock_hz)
{
    size_t samples = channels ? len / channels : 0;
    return clock_hz ? (int64_t)(samples * 1000000 / clock_hz) : 0;
}
