/* SPDX-License-Identifier: MIT */
/* The log: one line per event on stderr, a clause and then key=value.
 *
 *     LOG_INFO(ROOM, "joined room=%s login=%s n=%u", room, login, n);
 *     2026-01-01T00:00:00.123Z info room: joined room="x" login="y" n=3
 *
 * Formats are printf's (checked by the compiler) without %n, %m and '*' widths; "%.*s" prints a (length, pointer).
 * Every %s and %c comes out quoted and escaped, so no value can forge a line or drive a terminal: valid UTF-8 is kept,
 * control and bidirectional formatting characters become \uXXXX, stray bytes \xXX, long values end in "...". A NULL
 * string prints as null. Nothing else prints strings, hence peer-supplied text is safe by construction. Secrets are
 * never passed here.
 *
 * Where a peer decides how often a line is written, use LOG_RL: per call site at most LOG_RL_LINES lines in
 * LOG_RL_WINDOW_US, or LOG_EVENT with its LOG_EVENT_LINES; the next line let through ends in suppressed=N.
 *
 * Never from a worker: a line is a system call. Each line is one write, so lines of several threads do not mix; a
 * LOG_RL call site belongs to one thread. */
#ifndef ROOMLINE_COMMON_LOG_H
#define ROOMLINE_COMMON_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_LINE_BYTES   2048 /* longest line, with its newline */
#define LOG_VALUE_BYTES  512  /* longest escaped string value; the rest is cut */
#define LOG_RL_LINES     5
#define LOG_EVENT_LINES  500
#define LOG_RL_WINDOW_US (INT64_C(10) * 1000 * 1000)

/* id, word in the configuration and on the line. Severity falls. */
#define LOG_LEVEL_LIST(X) \
    X(ERROR, "error")     \
    X(WARN, "warn")       \
    X(INFO, "info")       \
    X(DEBUG, "debug")

enum log_level {
#define X(id, name) LOG_LEVEL_##id,
    LOG_LEVEL_LIST(X)
#undef X
        LOG_LEVEL_COUNT
};

/* id, word. At most 64. */
#define LOG_TOPIC_LIST(X) \
    X(MAIN, "main")       \
    X(CONF, "conf")       \
    X(WS, "ws")           \
    X(HTTP, "http")       \
    X(ROOM, "room")       \
    X(STREAM, "stream")   \
    X(SDP, "sdp")         \
    X(ICE, "ice")         \
    X(DTLS, "dtls")       \
    X(CERT, "cert")       \
    X(DP, "dp")           \
    X(CTL, "ctl")         \
    X(EAL, "eal")         \
    X(PORT, "port")       \
    X(SESSION, "session") \
    X(SRTP, "srtp")       \
    X(STATS, "stats")     \
    X(REC, "rec")         \
    X(HOOK, "hook")

enum log_topic {
#define X(id, name) LOG_TOPIC_##id,
    LOG_TOPIC_LIST(X)
#undef X
        LOG_TOPIC_COUNT
};

/* Run-time switches; any thread may turn them. At the start: info, all topics. */
void log_set_level(enum log_level level);
void log_set_topics(const char *const *names, size_t n); /* n = 0: all; unknown names are ignored (conf checks them) */

/* For tests: where lines go (each with its newline and a NUL after it), and what the time is (microseconds since 1970).
 * NULL: stderr and the real-time clock. */
void log_set_sink(void (*sink)(void *arg, const char *line, size_t len), void *arg);
void log_set_clock(int64_t (*now_us)(void *arg), void *arg);

bool log_enabled(enum log_level level, enum log_topic topic);

struct log_rl { /* one per call site of LOG_RL and LOG_EVENT */
    uint32_t max_lines;
    int64_t window_us;
    uint32_t lines;
    uint32_t suppressed;
};

/* Behind the macros. Preserves errno. rl may be NULL. */
void log_write(struct log_rl *rl, enum log_level level, enum log_topic topic, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#define LOG_AT(rl, level, topic, format, ...)                                                \
    do {                                                                                     \
        if (log_enabled(LOG_LEVEL_##level, LOG_TOPIC_##topic))                               \
            log_write((rl), LOG_LEVEL_##level, LOG_TOPIC_##topic, "" format, ##__VA_ARGS__); \
    } while (0)

#define LOG_ERROR(topic, ...) LOG_AT(NULL, ERROR, topic, __VA_ARGS__)
#define LOG_WARN(topic, ...)  LOG_AT(NULL, WARN, topic, __VA_ARGS__)
#define LOG_INFO(topic, ...)  LOG_AT(NULL, INFO, topic, __VA_ARGS__)
#define LOG_DEBUG(topic, ...) LOG_AT(NULL, DEBUG, topic, __VA_ARGS__)

/* LOG_RL(WARN, WS, "message refused from=%s", ...) */
#define LOG_RL(level, topic, ...) LOG_LIMITED(LOG_RL_LINES, level, topic, __VA_ARGS__)

/* LOG_EVENT(INFO, ROOM, "joined room=%s", ...): the life of clients, rooms and streams, of which an operator wants
 * every line until somebody makes too many. */
#define LOG_EVENT(level, topic, ...) LOG_LIMITED(LOG_EVENT_LINES, level, topic, __VA_ARGS__)

#define LOG_LIMITED(lines_, level, topic, ...)                \
    do {                                                      \
        static struct log_rl log_rl_ = {.max_lines = lines_}; \
        LOG_AT(&log_rl_, level, topic, __VA_ARGS__);          \
    } while (0)

#endif
