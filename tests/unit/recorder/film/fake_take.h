/* SPDX-License-Identifier: MIT */
/* Takes without captures: take.h in memory, of units that were encoded for the test. What they show and sound is a
 * function of the takes' timeline, the same in each: white picture and a tone of 1 kHz in the first FAKE_FLASH_US of
 * every whole second, grey and silence else. */
#ifndef ROOMLINE_TESTS_UNIT_RECORDER_FILM_FAKE_TAKE_H
#define ROOMLINE_TESTS_UNIT_RECORDER_FILM_FAKE_TAKE_H

#include "recorder/film/take.h"

#define FAKE_FLASH_US INT64_C(200000)

struct fake_unit {
    struct unit unit;
    uint8_t *bytes;
};

struct take {
    struct take_about about;
    struct take_track tracks[MEDIA_KINDS];
    struct fake_unit *units[MEDIA_KINDS];
    size_t n[MEDIA_KINDS], at[MEDIA_KINDS];
};

/* What take_open gives for a path; the texts of about must live. Freed with fake_take_forget. */
struct take *fake_take(const char *path, struct take_about about);
void fake_take_forget(void);

/* Adds pictures or sound of the span [from_us, to_us) to the take; may be called again for a later span. ppm: by how
 * much the sender's clock is slow, that is by how much longer each of its units lasts on our timeline. */
void fake_picture(struct take *t, enum codec codec, int width, int height, int fps, int64_t from_us, int64_t to_us);
void fake_sound(struct take *t, enum codec codec, int ppm, int64_t from_us, int64_t to_us);

#endif
