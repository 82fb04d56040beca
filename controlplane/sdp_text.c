/* SPDX-License-Identifier: MIT */
/* Words and numbers of an SDP line. */
#include "controlplane/sdp_text.h"

#include <string.h>

static const char alphanumeric[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static unsigned digit(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    c |= 0x20; /* lower case */
    return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

bool sdp_text_number(const char *text, size_t len, unsigned base, uint32_t max, uint32_t *out)
{
    uint64_t value = 0;
    if (len == 0)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (digit(text[i]) >= base)
            return false;
        value = value * base + digit(text[i]);
        if (value > max)
            return false;
    }
    *out = (uint32_t)value;
    return true;
}

const char *sdp_text_word(char **cursor)
{
    const char *word;
    do
        word = strsep(cursor, " ");
    while (word && !*word);
    return word ? word : "";
}

/* All of text is made of letters, digits and the characters of more. */
static bool made_of(const char *text, const char *more)
{
    for (; *text; text++)
        if (!strchr(alphanumeric, *text) && !strchr(more, *text))
            return false;
    return true;
}

bool sdp_text_is_token(const char *text)
{
    return *text && made_of(text, "!#$%&'*+-.^_`{|}~");
}

bool sdp_text_is_ice(const char *text, size_t min, size_t max)
{
    size_t len = strlen(text);
    return len >= min && len <= max && made_of(text, "+/");
}
