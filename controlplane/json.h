/* SPDX-License-Identifier: MIT */
/* JSON from clients: one text in, a jansson tree of bounded depth out, and getters that never fail on a wrong type. */
#ifndef ROOMLINE_CONTROLPLANE_JSON_H
#define ROOMLINE_CONTROLPLANE_JSON_H

#include <jansson.h>
#include <stddef.h>

#define JSON_DEPTH_MAX 32 /* arrays and objects inside each other */

/* Any UTF-8 JSON value a browser can write. A lone surrogate escape, which JavaScript allows and UTF-8 cannot hold,
 * becomes U+FFFD. An integer beyond 64 bits becomes a real. NULL: not JSON, not UTF-8, or too deep. */
json_t *json_parse(const char *text, size_t len);

/* A member of an object. obj may be NULL or of any type; the result is borrowed. */
const char *json_text(const json_t *obj, const char *key); /* NULL: absent, not a string, or with U+0000 inside */
double json_amount(const json_t *obj, const char *key);    /* 0: absent or no number */

#endif
