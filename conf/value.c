/* SPDX-License-Identifier: MIT */
/* The types a configuration value can have. */
#include "conf/value.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define WRAP_COLUMNS 100

static void *must(void *allocated)
{
    if (!allocated)
        abort(); /* at the start of a program: there is nothing to go back to */
    return allocated;
}

bool value_is_list(enum value_type type)
{
    return type == VALUE_WORDS || type == VALUE_NUMBERS || type == VALUE_ADDRS;
}

static const char *first_word(const struct value_rule *rule)
{
    return rule->words && rule->words[0] == '|' ? rule->words + 1 : rule->words;
}

static bool parse_number(const struct value_rule *rule, const char *text, uint32_t *out)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 10 || text[digits])
        return false;
    unsigned long long v = strtoull(text, NULL, 10);
    if (v < rule->min || v > rule->max)
        return false;
    *out = (uint32_t)v;
    return true;
}

static bool parse_word(const struct value_rule *rule, const char *text, unsigned *out)
{
    size_t len = strlen(text);
    const char *word = first_word(rule);
    for (unsigned index = 0;; index++) {
        size_t n = strcspn(word, "|");
        if (n == len && !memcmp(word, text, n)) {
            *out = index;
            return true;
        }
        if (!word[n])
            return false;
        word += n + 1;
    }
}

/* What the syntax of the file can carry: no control characters, no comment mark. */
static bool is_plain(const char *text)
{
    for (; *text; text++)
        if (iscntrl((unsigned char)*text) || *text == ';')
            return false;
    return true;
}

static bool has(const struct conf_list *list, const char *word)
{
    for (size_t i = 0; i < list->n; i++)
        if (!strcmp(list->items[i], word))
            return true;
    return false;
}

static bool fits(const struct value_rule *rule, const struct conf_list *list, const char *word)
{
    unsigned char addr[sizeof(struct in6_addr)];
    uint32_t number;
    unsigned index;
    if (rule->type == VALUE_NUMBERS)
        return parse_number(rule, word, &number);
    if (rule->type == VALUE_ADDRS)
        return inet_pton(AF_INET, word, addr) == 1 || inet_pton(AF_INET6, word, addr) == 1;
    if (rule->words)
        return parse_word(rule, word, &index) && !has(list, word);
    return is_plain(word) && word[0] != '#'; /* a continuation line may begin with it */
}

static void append(struct conf_list *list, const char *word)
{
    list->items = must(realloc(list->items, (list->n + 1) * sizeof(*list->items)));
    list->items[list->n++] = must(strdup(word));
}

static void finish_list(struct conf_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct conf_list){0};
}

/* The list becomes its first n_kept words and those of text. */
static bool set_list(struct conf_list *list, const struct value_rule *rule, const char *text, size_t n_kept)
{
    struct conf_list fresh = {0};
    char *copy = must(strdup(text)), *rest = copy;
    bool ok = true;
    for (size_t i = 0; i < n_kept; i++)
        append(&fresh, list->items[i]);
    for (char *word; ok && (word = strsep(&rest, " \t"));) {
        if (!*word)
            continue;
        ok = fits(rule, &fresh, word);
        if (ok)
            append(&fresh, word);
    }
    finish_list(ok ? list : &fresh);
    if (ok)
        *list = fresh;
    free(copy);
    return ok;
}

static bool set_string(char **string, const char *text)
{
    if (!is_plain(text))
        return false;
    free(*string);
    *string = must(strdup(text));
    return true;
}

bool value_set(void *field, const struct value_rule *rule, const char *text)
{
    uint32_t number = 0;
    switch (rule->type) {
    case VALUE_U32:
        return parse_number(rule, text, field);
    case VALUE_POW2:
        if (!parse_number(rule, text, &number) || (number & (number - 1)))
            return false;
        *(uint32_t *)field = number;
        return true;
    case VALUE_PORT:
        if (!parse_number(rule, text, &number))
            return false;
        *(uint16_t *)field = (uint16_t)number;
        return true;
    case VALUE_ENUM:
        return parse_word(rule, text, field);
    case VALUE_STRING:
    case VALUE_PATH:
        return set_string(field, text);
    case VALUE_WORDS:
    case VALUE_NUMBERS:
    case VALUE_ADDRS:
        return set_list(field, rule, text, 0);
    }
    return false;
}

bool value_extend(void *field, const struct value_rule *rule, const char *text)
{
    return value_is_list(rule->type) && set_list(field, rule, text, ((struct conf_list *)field)->n);
}

static void write_list(const struct conf_list *list, FILE *out)
{
    size_t column = 0;
    for (size_t i = 0; i < list->n; i++) {
        size_t len = strlen(list->items[i]) + 1;
        bool wrap = column > 0 && column + len > WRAP_COLUMNS;
        column = wrap ? len : column + len;
        fprintf(out, "%s%s", wrap ? "\n    " : i ? " " : "", list->items[i]);
    }
}

static void write_enum(unsigned index, const struct value_rule *rule, FILE *out)
{
    const char *word = first_word(rule);
    for (; index > 0; index--)
        word += strcspn(word, "|") + 1;
    fprintf(out, "%.*s", (int)strcspn(word, "|"), word);
}

void value_write(const void *field, const struct value_rule *rule, FILE *out)
{
    switch (rule->type) {
    case VALUE_U32:
    case VALUE_POW2:
        fprintf(out, "%u", *(const uint32_t *)field);
        break;
    case VALUE_PORT:
        fprintf(out, "%u", *(const uint16_t *)field);
        break;
    case VALUE_ENUM:
        write_enum(*(const unsigned *)field, rule, out);
        break;
    case VALUE_STRING:
    case VALUE_PATH:
        fputs(*(char *const *)field, out);
        break;
    case VALUE_WORDS:
    case VALUE_NUMBERS:
    case VALUE_ADDRS:
        write_list(field, out);
        break;
    }
}

void value_finish(void *field, enum value_type type)
{
    if (value_is_list(type)) {
        finish_list(field);
    } else if (type == VALUE_STRING || type == VALUE_PATH) {
        free(*(char **)field);
        *(char **)field = NULL;
    }
}

const char *value_describe(const struct value_rule *rule, char *buf, size_t size)
{
    const char *words = first_word(rule);
    switch (rule->type) {
    case VALUE_U32:
    case VALUE_PORT:
        snprintf(buf, size, "a number %u..%u", rule->min, rule->max);
        break;
    case VALUE_POW2:
        snprintf(buf, size, "a power of two %u..%u", rule->min, rule->max);
        break;
    case VALUE_ENUM:
        snprintf(buf, size, "one of %s", words);
        break;
    case VALUE_STRING:
        snprintf(buf, size, "text");
        break;
    case VALUE_PATH:
        snprintf(buf, size, "a path");
        break;
    case VALUE_WORDS:
        snprintf(buf, size, words ? "words out of %s, each once" : "words", words);
        break;
    case VALUE_NUMBERS:
        snprintf(buf, size, "numbers %u..%u", rule->min, rule->max);
        break;
    case VALUE_ADDRS:
        snprintf(buf, size, "IPv4 or IPv6 addresses");
        break;
    }
    return buf;
}
