/* SPDX-License-Identifier: MIT */
/* http_range: which part of a file is asked for, and whether it is needed at all. */
#include "controlplane/http_range.h"

#include <string.h>
#include <strings.h>

#define UNIT "bytes="

static const char *skip_space(const char *p)
{
    return p + strspn(p, " \t");
}

/* Digits at *p, which moves behind them. False: there are none. A number that is too large is as large as can be. */
static bool read_number(const char **p, uint64_t *number)
{
    const char *start = *p;
    *number = 0;
    for (; **p >= '0' && **p <= '9'; (*p)++) {
        uint64_t digit = (uint64_t)(**p - '0');
        *number = *number > (UINT64_MAX - digit) / 10 ? UINT64_MAX : *number * 10 + digit;
    }
    return *p > start;
}

static enum http_range last_bytes(uint64_t n, uint64_t bytes, uint64_t *first, uint64_t *last)
{
    if (!n || !bytes)
        return HTTP_RANGE_NONE;
    *first = n < bytes ? bytes - n : 0;
    *last = bytes - 1;
    return HTTP_RANGE_PART;
}

enum http_range http_range_parse(const char *text, uint64_t bytes, uint64_t *first, uint64_t *last)
{
    const char *p = skip_space(text);
    uint64_t from, to = UINT64_MAX;
    if (strncasecmp(p, UNIT, strlen(UNIT)))
        return HTTP_RANGE_WHOLE;
    p = skip_space(p + strlen(UNIT));
    bool has_from = read_number(&p, &from);
    if (*p++ != '-')
        return HTTP_RANGE_WHOLE;
    bool has_to = read_number(&p, &to);
    if (*skip_space(p) || (!has_from && !has_to) || (has_from && has_to && to < from))
        return HTTP_RANGE_WHOLE;
    if (!has_from)
        return last_bytes(to, bytes, first, last);
    if (from >= bytes)
        return HTTP_RANGE_NONE;
    *first = from;
    *last = has_to && to < bytes ? to : bytes - 1;
    return HTTP_RANGE_PART;
}

bool http_range_holds(const char *text, const char *etag, const char *last_modified)
{
    return !*text || !strcmp(text, etag) || !strcmp(text, last_modified);
}

bool http_range_is_known(const char *none_match, const char *modified_since, const char *etag,
                         const char *last_modified)
{
    if (*none_match) /* our tags are no part of others: they begin and end with quotes */
        return !strcmp(none_match, "*") || strstr(none_match, etag);
    return !strcmp(modified_since, last_modified);
}
