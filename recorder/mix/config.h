/* SPDX-License-Identifier: MIT */
/* What a mix shall be like: conf/offline_mixer.json, one JSON object. A value may be a string, a number or a boolean,
 * whatever its key: "true", true and 1 mean the same. Keys that are missing keep their defaults, unknown ones are
 * errors. */
#ifndef ROOMLINE_RECORDER_MIX_CONFIG_H
#define ROOMLINE_RECORDER_MIX_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define CONFIG_ERR_BYTES  512
#define CONFIG_URL_BYTES  2048
#define CONFIG_FILE_BYTES 65536 /* longer ones are refused */

enum config_caption { CONFIG_CAPTION_NONE, CONFIG_CAPTION_STREAM, CONFIG_CAPTION_LOGIN };

enum config_layout {
    CONFIG_LAYOUT_AUTO,    /* equal tiles; a shared screen large, and the others small beside it */
    CONFIG_LAYOUT_GRID,    /* equal tiles always */
    CONFIG_LAYOUT_SPEAKER, /* who speaks (or a shared screen) large, and the others small beside it */
};

struct config {
    bool has_video, has_audio; /* at least one */
    uint32_t caption;          /* enum config_caption */
    uint32_t layout;           /* enum config_layout */
    uint32_t width, height;    /* even */
    uint32_t fps;
    uint32_t bitrate_kbps;                      /* of the picture; 0: as much as constant quality takes */
    uint32_t threads;                           /* for decoding and encoding */
    uint32_t background, text, text_background; /* 0xRRGGBB */
    char callback_url[CONFIG_URL_BYTES];        /* "": none */
};

void config_defaults(struct config *c);

/* 0, or -EINVAL with the key and what is wrong with it in err (CONFIG_ERR_BYTES). c holds no memory of its own. */
int config_parse(struct config *c, const char *text, size_t len, char *err);

/* The same from a file; -errno when it cannot be read. */
int config_load(struct config *c, const char *path, char *err);

/* Each key with its default and what it means, a line each. */
void config_describe(FILE *out);

#endif
