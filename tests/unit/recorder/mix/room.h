/* SPDX-License-Identifier: MIT */
/* Recordings of rooms as the finisher makes them: Matroska, each track with the tags of its take, by encoding colours
 * and tones. */
#ifndef ROOMLINE_TESTS_MIX_ROOM_H
#define ROOMLINE_TESTS_MIX_ROOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct room_take { /* zeroed: a take without anything */
    const char *login, *stream_name;
    bool screen;
    int start_ms, end_ms;

    const char *video; /* encoder; NULL: no picture */
    int width, height, fps;
    uint8_t y, u, v;
    int flash_ms;  /* the picture is white for ROOM_FLASH_MS from here on; 0: never */
    int still_ms;  /* no frame comes after; 0: they come to the end */
    int resize_ms; /* the picture is half as wide and high from here on; 0: never */

    const char *audio; /* encoder; NULL: no sound */
    float amplitude;
    int tone_hz;
    int click_ms;                 /* there is a tone for ROOM_FLASH_MS from here on and else silence; 0: always tone */
    double drift;                 /* the sender's clock is slower by this part: packets come later and later */
    int mute_from_ms, mute_to_ms; /* no packet comes */
};

#define ROOM_FLASH_MS 200

/* title, date (as DATE_RECORDED) may be NULL. A failure fails the test. */
void room_write(const char *path, const char *title, const char *date, const struct room_take *takes, size_t n);

#endif
