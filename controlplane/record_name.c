/* SPDX-License-Identifier: MIT */
/* record_name: expands a template character by character, each made safe on its way. */
#include "controlplane/record_name.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/utf8.h"
#include "common/util.h"

#define VALUE_BYTES 32 /* of a time or number */

enum token {
#define X(id, name, at_end) TOKEN_##id,
    RECORD_TOKEN_LIST(X)
#undef X
        TOKEN_COUNT
};

static const struct {
    const char *name;
    bool at_end;
} tokens[TOKEN_COUNT] = {
#define X(id, name, at_end) [TOKEN_##id] = {name, at_end},
    RECORD_TOKEN_LIST(X)
#undef X
};

static const char *const codec_names[CODEC_COUNT] = {
#define X(id, name, kind, clock, channels) [CODEC_##id] = name,
    CODEC_LIST(X)
#undef X
};

struct writer {
    char *out;
    size_t len, max;
    bool full; /* what comes now would not be where it belongs */
};

/* The token at p, which is a '{'; TOKEN_COUNT: none. *bytes: of it with its braces. */
static enum token read_token(const char *p, size_t *bytes)
{
    size_t len = strcspn(p, "}");
    for (enum token t = 0; t < TOKEN_COUNT; t++) {
        if (p[len] && strlen(tokens[t].name) == len - 1 && !memcmp(p + 1, tokens[t].name, len - 1)) {
            *bytes = len + 1;
            return t;
        }
    }
    return TOKEN_COUNT;
}

bool record_name_needs_end(const char *template)
{
    size_t bytes;
    for (const char *p = template; (p = strchr(p, '{')); p++) {
        enum token t = read_token(p, &bytes);
        if (t != TOKEN_COUNT && tokens[t].at_end)
            return true;
    }
    return false;
}

static bool is_plain_ascii(uint32_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c < 0x80 && c && strchr("-_.,+=@", (int)c));
}

/* Space and what cannot be seen, but for the joiners inside emoji and words (U+200C, U+200D). */
static bool is_invisible(uint32_t c)
{
    static const uint32_t ranges[][2] = {
        {0x80, 0xa0},     {0xad, 0xad},     {0x61c, 0x61c},      {0x1680, 0x1680}, {0x180e, 0x180e},
        {0x2000, 0x200b}, {0x200e, 0x200f}, {0x2028, 0x202f},    {0x205f, 0x206f}, {0x3000, 0x3000},
        {0xfeff, 0xfeff}, {0xfff0, 0xffff}, {0xe0000, 0x10ffff},
    };
    for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
        if (c >= ranges[i][0] && c <= ranges[i][1])
            return true;
    }
    return false;
}

static bool is_safe(uint32_t c, bool leads)
{
    if (c >= 0x80)
        return !is_invisible(c);
    return is_plain_ascii(c) && !(leads && (c == '.' || c == '-'));
}

/* One character of text; returns its bytes. One that is not UTF-8 counts as one byte. */
static size_t put_char(struct writer *w, const char *text, size_t len)
{
    uint32_t code;
    size_t n = utf8_decode((const uint8_t *)text, len, &code);
    bool safe = n && is_safe(code, w->len == 0);
    size_t bytes = safe ? n : 1;
    w->full |= w->len + bytes > w->max;
    if (!w->full) {
        memcpy(w->out + w->len, safe ? text : "_", bytes);
        w->len += bytes;
    }
    return n ? n : 1;
}

static void put_text(struct writer *w, const char *text)
{
    size_t len = strlen(text);
    for (size_t n; len && !w->full; text += n, len -= n)
        n = put_char(w, text, len);
}

static void put_time(struct writer *w, int64_t unix_us)
{
    char text[VALUE_BYTES] = "";
    time_t s = (time_t)(unix_us / 1000000);
    struct tm tm;
    if (gmtime_r(&s, &tm))
        strftime(text, sizeof(text), "%Y-%m-%dT%H-%M-%SZ", &tm);
    put_text(w, text);
}

static void put_ms(struct writer *w, int64_t us)
{
    char text[VALUE_BYTES];
    snprintf(text, sizeof(text), "%" PRId64, us / 1000);
    put_text(w, text);
}

static void put_known(struct writer *w, const char *text)
{
    put_text(w, text ? text : "none");
}

static void put_token(struct writer *w, enum token token, const struct record_facts *facts)
{
    if (tokens[token].at_end && !facts->end_unix_us)
        return put_text(w, "open");
    switch (token) {
    case TOKEN_STREAM_NAME:
        return put_known(w, facts->stream);
    case TOKEN_ROOM:
        return put_known(w, facts->room);
    case TOKEN_LOGIN:
        return put_known(w, facts->login);
    case TOKEN_SESSION_ID:
        return put_known(w, facts->session_id);
    case TOKEN_MEDIA_SESSION_ID:
        return put_known(w, facts->media_session_id);
    case TOKEN_AUDIO_CODEC:
        return put_known(w, codec_names[facts->audio]);
    case TOKEN_VIDEO_CODEC:
        return put_known(w, codec_names[facts->video]);
    case TOKEN_START_TIME:
        return put_time(w, facts->start_unix_us);
    case TOKEN_START_TIME_MILLIS:
        return put_ms(w, facts->start_unix_us);
    case TOKEN_END_TIME:
        return put_time(w, facts->end_unix_us);
    case TOKEN_END_TIME_MILLIS:
        return put_ms(w, facts->end_unix_us);
    case TOKEN_DURATION:
        return put_ms(w, facts->end_unix_us - facts->start_unix_us);
    case TOKEN_COUNT:
        return;
    }
}

void record_name_write(char out[REC_FILE_BYTES], const char *template, const struct record_facts *facts,
                       const char *extension, unsigned n)
{
    char tail[VALUE_BYTES];
    size_t tail_bytes = (size_t)(n > 1 ? snprintf(tail, sizeof(tail), "-%u%s", n, extension)
                                       : snprintf(tail, sizeof(tail), "%s", extension));
    struct writer w = {.out = out, .max = REC_FILE_BYTES - 1 - tail_bytes};
    while (*template && !w.full) {
        size_t bytes = 0;
        enum token t = *template == '{' ? read_token(template, &bytes) : TOKEN_COUNT;
        if (t != TOKEN_COUNT)
            put_token(&w, t, facts);
        else
            bytes = put_char(&w, template, strlen(template));
        template += bytes;
    }
    if (!w.len)
        put_text(&w, "recording");
    memcpy(out + w.len, tail, tail_bytes + 1);
}
