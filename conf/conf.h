/* SPDX-License-Identifier: MIT */
/* The configuration: one file of "key = value" lines, read into one struct. The keys are the table in keys.h.
 *
 * '#' and ';' start comments (';' also behind a value), an indented line continues the list of the line before it. An
 * unknown key, a key given twice or a bad value is an error that says where, which key, what was expected and what was
 * found. */
#ifndef ROOMLINE_CONF_CONF_H
#define ROOMLINE_CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "conf/keys.h"

#define CONF_ERR_BYTES 512 /* room for any error text below; longer ones are cut */

struct conf_list {
    size_t n;
    char **items; /* NULL when empty */
};

#define CONF_C_U32     uint32_t
#define CONF_C_POW2    uint32_t
#define CONF_C_PORT    uint16_t
#define CONF_C_ENUM    unsigned /* index of its word in ONE_OF */
#define CONF_C_STRING  char *   /* never NULL */
#define CONF_C_PATH    char *
#define CONF_C_WORDS   struct conf_list /* with ONE_OF: no word twice */
#define CONF_C_NUMBERS struct conf_list /* decimal, in range */
#define CONF_C_ADDRS   struct conf_list /* IPv4 or IPv6 text, as inet_pton takes it */

struct conf {
#define X(type, field, ...) CONF_C_##type field;
    CONF_KEYS(X)
#undef X
};

/* The words of ENUM keys, in the order of their ONE_OF (log.level: enum log_level). */
enum conf_idle { CONF_IDLE_SLEEP, CONF_IDLE_POLL };
enum conf_priority { CONF_PRIORITY_NORMAL, CONF_PRIORITY_HIGH, CONF_PRIORITY_REALTIME };
enum conf_srtp_backend { CONF_SRTP_BACKEND_AUTO, CONF_SRTP_BACKEND_IPSEC_MB, CONF_SRTP_BACKEND_LIBSRTP };
enum conf_steering { CONF_STEERING_AUTO, CONF_STEERING_FLOW, CONF_STEERING_RSS, CONF_STEERING_NONE };
enum conf_record_policy { CONF_RECORD_POLICY_STREAM_NAME, CONF_RECORD_POLICY_TEMPLATE };
enum conf_same_host { CONF_SAME_HOST_XDP, CONF_SAME_HOST_KERNEL, CONF_SAME_HOST_OFF };

/* Sets every key to its default. conf may be uninitialised memory. Aborts when out of memory. */
void conf_defaults(struct conf *conf);
void conf_finish(struct conf *conf);

/* Reads the file at path over what conf holds, which came from conf_defaults. Returns 0, or -errno with a one-line text
 * in err (-EINVAL: "file:line: key: expected ..., found ..."); conf is then partly set and still to be finished. */
int conf_load(struct conf *conf, const char *path, char *err, size_t err_bytes);

/* The same from an open stream; name is used in error texts. */
int conf_read(struct conf *conf, FILE *stream, const char *name, char *err, size_t err_bytes);

/* One key. Returns 0, or -EINVAL with "key: expected ..., found ..." in err; the old value then stays. */
int conf_set(struct conf *conf, const char *key, const char *value, char *err, size_t err_bytes);

/* Writes every key with its help, limits and value, in a form that conf_read takes. */
void conf_dump(const struct conf *conf, FILE *out);

/* Takes over the reloadable keys that differ in fresh. on_change hears of each key that differs; applied is false for
 * one that needs a restart, which keeps its old value. What remains in fresh is still to be finished. */
void conf_reload(struct conf *conf, struct conf *fresh, void (*on_change)(void *arg, const char *key, bool applied),
                 void *arg);

/* Passes log.level and log.topics on to the log. */
void conf_apply_log(const struct conf *conf);

#endif
