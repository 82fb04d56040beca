/* SPDX-License-Identifier: MIT */
/* The log: formats one line, quotes every string in it, hands it to the sink. */
#include "common/log.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/utf8.h"
#include "common/util.h"

_Static_assert(LOG_TOPIC_COUNT <= 64, "topics are bits of a 64-bit mask");

static const char *const level_names[] = {
#define X(id, name) [LOG_LEVEL_##id] = name,
    LOG_LEVEL_LIST(X)
#undef X
};

static const char *const topic_names[] = {
#define X(id, name) [LOG_TOPIC_##id] = name,
    LOG_TOPIC_LIST(X)
#undef X
};

static atomic_int max_level = LOG_LEVEL_INFO;
static _Atomic uint64_t topic_mask = UINT64_MAX;

static void write_stderr(void *arg, const char *line, size_t len)
{
    for (ssize_t n; len > 0; line += n, len -= (size_t)n) {
        n = write(STDERR_FILENO, line, len);
        if (n < 0 && errno == EINTR)
            n = 0;
        if (n < 0)
            return; /* there is nowhere to say so */
    }
}

static int64_t read_clock(void *arg)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static struct {
    void (*sink)(void *arg, const char *line, size_t len);
    void *sink_arg;
    int64_t (*now_us)(void *arg);
    void *clock_arg;
} out = {.sink = write_stderr, .now_us = read_clock};

void log_set_sink(void (*sink)(void *arg, const char *line, size_t len), void *arg)
{
    out.sink = sink ? sink : write_stderr;
    out.sink_arg = arg;
}

void log_set_clock(int64_t (*now_us)(void *arg), void *arg)
{
    out.now_us = now_us ? now_us : read_clock;
    out.clock_arg = arg;
}

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&max_level, (int)level, memory_order_relaxed);
}

void log_set_topics(const char *const *names, size_t n)
{
    uint64_t mask = n ? 0 : UINT64_MAX;
    for (size_t i = 0; i < n; i++)
        for (size_t t = 0; t < LOG_TOPIC_COUNT; t++)
            if (!strcmp(names[i], topic_names[t]))
                mask |= UINT64_C(1) << t;
    atomic_store_explicit(&topic_mask, mask, memory_order_relaxed);
}

bool log_enabled(enum log_level level, enum log_topic topic)
{
    return (int)level <= atomic_load_explicit(&max_level, memory_order_relaxed) &&
           (atomic_load_explicit(&topic_mask, memory_order_relaxed) >> topic & 1);
}

/* One line under construction. What does not fit is cut; finish_line marks that and always has room for its newline. */
struct line {
    size_t len;
    char text[LOG_LINE_BYTES + 1];
};

#define LINE_TAIL "...\n"

static void put_bytes(struct line *l, const char *bytes, size_t n)
{
    n = MIN(n, sizeof(l->text) - l->len);
    memcpy(l->text + l->len, bytes, n);
    l->len += n;
}

static void put_text(struct line *l, const char *text)
{
    put_bytes(l, text, strlen(text));
}

static void finish_line(struct line *l)
{
    size_t room = LOG_LINE_BYTES - strlen(LINE_TAIL);
    if (l->len > LOG_LINE_BYTES - 1) {
        while (((uint8_t)l->text[room] & 0xc0) == 0x80)
            room--; /* not in the middle of a code point */
        l->len = room;
        put_text(l, LINE_TAIL);
    } else {
        put_text(l, "\n");
    }
    l->text[l->len] = '\0';
}

/* Characters that move the cursor, end a line, or reorder what stands next to them. */
static bool is_unsafe(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || c == 0x200e || c == 0x200f ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

static void put_quoted(struct line *l, const char *s, size_t len)
{
    const uint8_t *p = (const uint8_t *)s, *end = p + len;
    put_text(l, "\"");
    for (size_t start = l->len; p < end && l->len - start < LOG_VALUE_BYTES;) {
        uint32_t c;
        char escape[16];
        size_t n = utf8_decode(p, (size_t)(end - p), &c);
        if (n == 0)
            put_bytes(l, escape, (size_t)snprintf(escape, sizeof(escape), "\\x%02x", *p));
        else if (is_unsafe(c))
            put_bytes(l, escape, (size_t)snprintf(escape, sizeof(escape), "\\u%04x", (unsigned)c));
        else if (c == '"' || c == '\\')
            put_bytes(l, (char[]){'\\', (char)c}, 2);
        else
            put_bytes(l, (const char *)p, n);
        p += n ? n : 1;
    }
    put_text(l, p < end ? "\"..." : "\"");
}

/* One conversion: its flags, width and precision as written, and what follows them. */
struct spec {
    char text[24]; /* "%" flags width precision, then room for a length and the conversion */
    bool has_precision;
    int precision;
    char length; /* 0, or h l L(= ll) z j t */
    char conversion;
};

struct args { /* so that a va_list can be passed on by address */
    va_list ap;
};

/* format points after the '%'. Returns what follows the conversion. */
static const char *parse_spec(const char *format, struct spec *s, struct args *args)
{
    const char *start = format;
    *s = (struct spec){.text = "%"};
    format += strspn(format, "-+ #0123456789");
    if (*format == '.') {
        s->has_precision = true;
        if (format[1] == '*') {
            s->precision = va_arg(args->ap, int);
            format += 2;
            start = format; /* only strings: their precision is not printed by snprintf */
        } else {
            for (format++; *format >= '0' && *format <= '9'; format++)
                s->precision = s->precision * 10 + (*format - '0');
        }
    }
    size_t n = (size_t)(format - start);
    assert(n < sizeof(s->text) - 4);
    memcpy(s->text + 1, start, n);
    for (; *format && strchr("hlzjt", *format); format++)
        s->length = s->length == 'l' ? 'L' : *format;
    s->conversion = *format;
    assert(s->conversion);
    return format + 1;
}

static void put_string(struct line *l, const struct spec *s, struct args *args)
{
    const char *v = va_arg(args->ap, const char *);
    bool bounded = s->has_precision && s->precision >= 0;
    if (v)
        put_quoted(l, v, bounded ? strnlen(v, (size_t)s->precision) : strlen(v));
    else
        put_text(l, "null");
}

static intmax_t next_signed(char length, struct args *args)
{
    switch (length) {
    case 'l':
        return va_arg(args->ap, long);
    case 'L':
        return va_arg(args->ap, long long);
    case 'z':
        return va_arg(args->ap, ssize_t);
    case 'j':
        return va_arg(args->ap, intmax_t);
    case 't':
        return va_arg(args->ap, ptrdiff_t);
    default:
        return va_arg(args->ap, int);
    }
}

static uintmax_t next_unsigned(char length, struct args *args)
{
    switch (length) {
    case 'l':
        return va_arg(args->ap, unsigned long);
    case 'L':
        return va_arg(args->ap, unsigned long long);
    case 'z':
        return va_arg(args->ap, size_t);
    case 'j':
        return va_arg(args->ap, uintmax_t);
    case 't':
        return (uintmax_t)va_arg(args->ap, ptrdiff_t);
    default:
        return va_arg(args->ap, unsigned);
    }
}

/* Numbers are printed by snprintf, with every integer widened to (u)intmax_t. */
static void put_number(struct line *l, struct spec *s, struct args *args)
{
    char buf[64];
    int n;
    size_t end = strlen(s->text);
    bool is_integer = strchr("diuxXo", s->conversion) != NULL;
    if (is_integer)
        s->text[end++] = 'j';
    s->text[end] = s->conversion;
    switch (s->conversion) {
    case 'd':
    case 'i':
        n = snprintf(buf, sizeof(buf), s->text, next_signed(s->length, args));
        break;
    case 'u':
    case 'x':
    case 'X':
    case 'o':
        n = snprintf(buf, sizeof(buf), s->text, next_unsigned(s->length, args));
        break;
    case 'p':
        n = snprintf(buf, sizeof(buf), s->text, va_arg(args->ap, void *));
        break;
    default:
        assert(strchr("feg", s->conversion));
        n = snprintf(buf, sizeof(buf), s->text, va_arg(args->ap, double));
        break;
    }
    put_bytes(l, buf, MIN((size_t)MAX(n, 0), sizeof(buf) - 1));
}

static void put_formatted(struct line *l, const char *format, struct args *args)
{
    while (*format) {
        size_t plain = strcspn(format, "%");
        put_bytes(l, format, plain);
        format += plain;
        if (!*format)
            break;
        struct spec s;
        format = parse_spec(format + 1, &s, args);
        if (s.conversion == '%')
            put_text(l, "%");
        else if (s.conversion == 's')
            put_string(l, &s, args);
        else if (s.conversion == 'c')
            put_quoted(l, (char[]){(char)va_arg(args->ap, int)}, 1);
        else
            put_number(l, &s, args);
    }
}

static void put_head(struct line *l, int64_t now_us, enum log_level level, enum log_topic topic)
{
    char buf[64];
    struct tm tm;
    time_t sec = (time_t)(now_us / 1000000);
    gmtime_r(&sec, &tm);
    size_t n = strftime(buf, sizeof(buf), "%Y-%m-%dT%H:%M:%S", &tm);
    put_bytes(l, buf, n);
    put_bytes(l, buf, (size_t)snprintf(buf, sizeof(buf), ".%03dZ ", (int)(now_us / 1000 % 1000)));
    put_text(l, level_names[level]);
    put_text(l, " ");
    put_text(l, topic_names[topic]);
    put_text(l, ": ");
}

/* May this line of a rate-limited call site pass? *suppressed: how many did not since the last one that did. */
static bool pass(struct log_rl *rl, int64_t now_us, uint32_t *suppressed)
{
    if (now_us - rl->window_us >= LOG_RL_WINDOW_US || now_us < rl->window_us) {
        rl->window_us = now_us;
        rl->lines = 0;
    }
    if (rl->lines == rl->max_lines) {
        rl->suppressed += rl->suppressed < UINT32_MAX;
        return false;
    }
    rl->lines++;
    *suppressed = rl->suppressed;
    rl->suppressed = 0;
    return true;
}

void log_write(struct log_rl *rl, enum log_level level, enum log_topic topic, const char *format, ...)
{
    int saved_errno = errno;
    int64_t now_us = out.now_us(out.clock_arg);
    uint32_t suppressed = 0;
    if (!rl || pass(rl, now_us, &suppressed)) {
        struct line l;
        struct args args;
        char buf[32];
        l.len = 0;
        put_head(&l, now_us, level, topic);
        va_start(args.ap, format);
        put_formatted(&l, format, &args);
        va_end(args.ap);
        if (suppressed)
            put_bytes(&l, buf, (size_t)snprintf(buf, sizeof(buf), " suppressed=%u", suppressed));
        finish_line(&l);
        out.sink(out.sink_arg, l.text, l.len);
    }
    errno = saved_errno;
}
