/* SPDX-License-Identifier: MIT */
/* A name as a picture: one line, any script (libass shapes it and finds fonts), cut with an ellipsis where it is too
 * long. The name goes to libass as a subtitle file of ours that lies in memory, never as part of a filter's
 * description, and escaped so that it shows as it is. */
#ifndef ROOMLINE_RECORDER_MIX_CAPTION_H
#define ROOMLINE_RECORDER_MIX_CAPTION_H

#include <stddef.h>
#include <stdint.h>

#define CAPTION_CHARS_MAX 160 /* of a name; the rest is cut before anything else */

struct caption {
    int w, h;       /* even; with its padding */
    uint8_t *cover; /* w * h: how much of each pixel the text covers, 0..255 */
};

/* font_px: height of a line; max_w: of the result, at least 4 lines high's worth. NULL: nothing to show, or out of
 * memory. */
struct caption *caption_create(const char *name, int font_px, int max_w);
void caption_destroy(struct caption *c);

/* The first `chars` characters of the name, and "..." if there are more, as text of a subtitle file (ASS): no control
 * characters, none that turn the direction of what follows, no bytes that are not UTF-8, and nothing that libass takes
 * for a command. Returns the bytes written, less than size, which is to be CAPTION_TEXT_BYTES. */
#define CAPTION_TEXT_BYTES (CAPTION_CHARS_MAX * 5 + 8)
size_t caption_escape(const char *name, size_t chars, char *out, size_t size);

/* How many characters of the name caption_escape would show, at most CAPTION_CHARS_MAX. */
size_t caption_chars(const char *name);

#endif
