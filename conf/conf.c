/* SPDX-License-Identifier: MIT */
/* The configuration: the table of keys.h made into code, and the file. */
#include "conf/conf.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/media.h"
#include "common/util.h"
#include "conf/value.h"

#define UTF8_BOM "\xef\xbb\xbf" /* inih skips it too */

struct key {
    const char *name;
    size_t offset, size; /* in struct conf */
    const char *preset;
    struct value_rule rule;
    bool reloadable;
    const char *help;
};

#define RANGE(least, most) .min = (least), .max = (most)
#define ONE_OF(list)       .words = (list)
#define ANY                .words = NULL
#define RELOAD             true
#define RESTART            false

static const struct key keys[] = {
#define X(type_, field_, name_, preset_, limits_, when_, help_)                     \
    {name_,   offsetof(struct conf, field_),    sizeof(((struct conf *)0)->field_), \
     preset_, {.type = VALUE_##type_, limits_}, when_,                              \
     help_},
    CONF_KEYS(X)
#undef X
};

static void *field(const struct conf *conf, const struct key *k)
{
    return (char *)conf + k->offset;
}

static const struct key *find_key(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        if (!strcmp(keys[i].name, name))
            return &keys[i];
    return NULL;
}

void conf_defaults(struct conf *conf)
{
    memset(conf, 0, sizeof(*conf));
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        if (!value_set(field(conf, &keys[i]), &keys[i].rule, keys[i].preset))
            abort(); /* the table contradicts itself */
}

void conf_finish(struct conf *conf)
{
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        value_finish(field(conf, &keys[i]), keys[i].rule.type);
}

int conf_set(struct conf *conf, const char *key, const char *value, char *err, size_t err_bytes)
{
    char want[CONF_ERR_BYTES];
    const struct key *k = find_key(key);
    if (!k) {
        snprintf(err, err_bytes, "%s: no such key", key);
        return -EINVAL;
    }
    if (!value_set(field(conf, k), &k->rule, value)) {
        snprintf(err, err_bytes, "%s: expected %s, found \"%s\"", key, value_describe(&k->rule, want, sizeof(want)),
                 value);
        return -EINVAL;
    }
    return 0;
}

/* One reading of a file. inih splits the lines; the reader below hands them over one by one, so that the current line's
 * number is known to the handler, and refuses what inih would let pass. */
struct reading {
    struct conf *conf;
    FILE *stream;
    const char *name;
    unsigned line;
    bool indented; /* the current line continues the one before */
    bool seen[ARRAY_SIZE(keys)];
    bool failed;
    char *err;
    size_t err_bytes;
};

__attribute__((format(printf, 2, 3))) static void fail(struct reading *r, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    int n = snprintf(r->err, r->err_bytes, "%s:%u: ", r->name, r->line);
    if (n > 0 && (size_t)n < r->err_bytes)
        vsnprintf(r->err + n, r->err_bytes - (size_t)n, format, ap);
    va_end(ap);
    r->failed = true;
}

static bool check_line(struct reading *r, const char *line, size_t size)
{
    size_t len = strlen(line);
    const char *start = r->line == 1 && !strncmp(line, UTF8_BOM, strlen(UTF8_BOM)) ? line + strlen(UTF8_BOM) : line;
    const char *text = start + strspn(start, " \t\r\n");
    r->indented = text > start;
    if (len == 0 || (line[len - 1] != '\n' && !feof(r->stream)))
        fail(r, "expected lines of text of at most %zu bytes (an indented line continues a list)", size - 2);
    else if (*text && !r->indented && !strchr("#;", *text) && (!strchr(text, '=') || *text == '['))
        fail(r, "expected key = value, found \"%.*s\"", (int)strcspn(text, "\r\n"), text);
    return !r->failed;
}

static char *read_line(char *buf, int size, void *arg) /* ini_reader */
{
    struct reading *r = arg;
    if (r->failed || !fgets(buf, size, r->stream))
        return NULL;
    r->line++;
    return check_line(r, buf, (size_t)size) ? buf : NULL;
}

static int on_pair(void *arg, const char *section, const char *name, const char *value) /* ini_handler: 0 is an error */
{
    struct reading *r = arg;
    const struct key *k = find_key(name);
    char want[CONF_ERR_BYTES];
    if (!k) {
        fail(r, "%s: no such key", name);
        return 0;
    }
    bool *seen = &r->seen[k - keys];
    if (*seen && !(r->indented && value_is_list(k->rule.type))) {
        fail(r, "%s: expected once, found %s", name, r->indented ? "an indented line" : "again");
        return 0;
    }
    if (*seen ? !value_extend(field(r->conf, k), &k->rule, value) : !value_set(field(r->conf, k), &k->rule, value)) {
        fail(r, "%s: expected %s, found \"%s\"", name, value_describe(&k->rule, want, sizeof(want)), value);
        return 0;
    }
    *seen = true;
    return 1;
}

int conf_read(struct conf *conf, FILE *stream, const char *name, char *err, size_t err_bytes)
{
    struct reading r = {.conf = conf, .stream = stream, .name = name, .err = err, .err_bytes = err_bytes};
    int bad_line = ini_parse_stream(read_line, &r, on_pair, &r);
    if (bad_line && (!r.failed || (unsigned)bad_line < r.line)) { /* inih itself stumbled, and went on */
        r.line = (unsigned)bad_line;
        fail(&r, "expected key = value");
    }
    return r.failed ? -EINVAL : 0;
}

int conf_load(struct conf *conf, const char *path, char *err, size_t err_bytes)
{
    FILE *stream = fopen(path, "re");
    if (!stream) {
        int error = errno;
        snprintf(err, err_bytes, "%s: %s", path, strerror(error));
        return -error;
    }
    int rc = conf_read(conf, stream, path, err, err_bytes);
    if (!rc && ferror(stream)) {
        snprintf(err, err_bytes, "%s: cannot be read", path);
        rc = -EIO;
    }
    fclose(stream);
    return rc;
}

/* Keys that share the part before the last dot stand together. */
static bool same_group(const char *a, const char *b)
{
    size_t na = strcspn(a, "."), nb = strcspn(b, ".");
    return a[na] == b[nb] && (!a[na] || (na == nb && !memcmp(a, b, na)));
}

static char *print_value(const struct conf *conf, const struct key *k)
{
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);
    if (!f)
        abort();
    value_write(field(conf, k), &k->rule, f);
    if (fclose(f))
        abort();
    return text;
}

void conf_dump(const struct conf *conf, FILE *out)
{
    char want[CONF_ERR_BYTES];
    fputs("# Roomline: lines of key = value. An indented line continues the list of the line before it.\n", out);
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        const struct key *k = &keys[i];
        char *text = print_value(conf, k);
        if (i == 0 || !same_group(k->name, keys[i - 1].name))
            fputs("\n", out);
        fprintf(out, "# %s\n# (%s%s)\n", k->help, value_describe(&k->rule, want, sizeof(want)),
                k->reloadable ? "; can be reloaded" : "");
        fprintf(out, "%s =%s%s\n", k->name, *text ? " " : "", text);
        free(text);
    }
}

static bool differ(const struct conf *a, const struct conf *b, const struct key *k)
{
    char *text_a = print_value(a, k), *text_b = print_value(b, k);
    bool result = strcmp(text_a, text_b) != 0;
    free(text_a);
    free(text_b);
    return result;
}

static void swap(void *a, void *b, size_t size)
{
    unsigned char kept[sizeof(struct conf_list)]; /* the largest type */
    memcpy(kept, a, size);
    memcpy(a, b, size);
    memcpy(b, kept, size);
}

void conf_reload(struct conf *conf, struct conf *fresh, void (*on_change)(void *arg, const char *key, bool applied),
                 void *arg)
{
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        const struct key *k = &keys[i];
        if (!differ(conf, fresh, k))
            continue;
        if (k->reloadable)
            swap(field(conf, k), field(fresh, k), k->size);
        on_change(arg, k->name, k->reloadable);
    }
}

void conf_apply_log(const struct conf *conf)
{
    log_set_level((enum log_level)conf->log_level);
    log_set_topics((const char *const *)conf->log_topics.items, conf->log_topics.n);
}
