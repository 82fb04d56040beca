/* SPDX-License-Identifier: MIT */
/* UTF-8 (RFC 3629) read one code point at a time: shortest forms only, no surrogates, nothing above U+10FFFF. */
#ifndef ROOMLINE_COMMON_UTF8_H
#define ROOMLINE_COMMON_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads the code point at bytes[0..len). Returns the number of bytes it takes, or 0 if there is no valid one. */
static inline size_t utf8_decode(const uint8_t *bytes, size_t len, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (len == 0)
        return 0;
    uint8_t lead = bytes[0];
    size_t n = lead < 0x80 ? 1 : lead < 0xc0 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf8 ? 4 : 0;
    if (n == 0 || n > len)
        return 0;
    uint32_t c = n == 1 ? lead : lead & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (bytes[i] & 0x3f);
    }
    if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *code = c;
    return n;
}

static inline bool utf8_valid(const uint8_t *bytes, size_t len)
{
    uint32_t code;
    for (size_t n; len > 0; bytes += n, len -= n) {
        n = utf8_decode(bytes, len, &code);
        if (n == 0)
            return false;
    }
    return true;
}

/* Bytes of the longest beginning of text that takes at most max bytes and ends between two characters. */
static inline size_t utf8_cut(const char *text, size_t max)
{
    size_t n = 0;
    while (n <= max && text[n])
        n++;
    if (n <= max)
        return n;
    for (n = max; n > 0 && ((uint8_t)text[n] & 0xc0) == 0x80;)
        n--;
    return n;
}

#endif
