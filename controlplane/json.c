/* SPDX-License-Identifier: MIT */
/* json: bounded parsing of what clients send, on top of jansson. */
#include "controlplane/json.h"

#include <stdlib.h>
#include <string.h>

#include "common/util.h"

/* The code unit of a \uXXXX escape at p, or -1. */
static int escaped_unit(const char *p, const char *end)
{
    int unit = 0;
    if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
        return -1;
    for (int i = 2; i < 6; i++) {
        char c = p[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

/* Steps over one escape in a string, replacing a surrogate that has no partner. */
static char *skip_escape(char *p, char *end)
{
    int unit = escaped_unit(p, end);
    if (unit < 0)
        return end - p > 2 ? p + 2 : end;
    if (unit >= 0xd800 && unit <= 0xdbff) {
        int low = escaped_unit(p + 6, end);
        if (low >= 0xdc00 && low <= 0xdfff)
            return p + 12;
    }
    if (unit >= 0xd800 && unit <= 0xdfff)
        memcpy(p, "\\ufffd", 6);
    return p + 6;
}

static char *skip_string(char *p, char *end)
{
    while (p < end && *p != '"')
        p = *p == '\\' ? skip_escape(p, end) : p + 1;
    return p < end ? p + 1 : end;
}

/* One pass ahead of jansson, whose own depth limit (2048) is compiled in. Returns the depth. */
static size_t tidy(char *p, char *end)
{
    size_t depth = 0, deepest = 0;
    while (p < end) {
        char c = *p++;
        if (c == '"')
            p = skip_string(p, end);
        else if (c == '[' || c == '{')
            depth++;
        else if ((c == ']' || c == '}') && depth)
            depth--;
        deepest = MAX(deepest, depth);
    }
    return deepest;
}

json_t *json_parse(const char *text, size_t len)
{
    json_error_t error;
    json_t *value = NULL;
    char *copy = malloc(len + 1);
    if (!copy)
        abort();
    memcpy(copy, text, len);
    copy[len] = 0;
    if (tidy(copy, copy + len) > JSON_DEPTH_MAX)
        goto out;
    size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL;
    value = json_loadb(copy, len, flags, &error);
    if (!value && json_error_code(&error) == json_error_numeric_overflow)
        value = json_loadb(copy, len, flags | JSON_DECODE_INT_AS_REAL, &error);
out:
    free(copy);
    return value;
}

const char *json_text(const json_t *obj, const char *key)
{
    const json_t *value = json_object_get(obj, key);
    const char *text = json_string_value(value);
    return text && strlen(text) == json_string_length(value) ? text : NULL;
}

double json_amount(const json_t *obj, const char *key)
{
    return json_number_value(json_object_get(obj, key));
}
