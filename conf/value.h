/* SPDX-License-Identifier: MIT */
/* The types a configuration value can have: how each is read, checked, printed and freed. */
#ifndef ROOMLINE_CONF_VALUE_H
#define ROOMLINE_CONF_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "conf/conf.h"

enum value_type {
    VALUE_U32,
    VALUE_POW2,
    VALUE_PORT,
    VALUE_ENUM,
    VALUE_STRING,
    VALUE_PATH,
    VALUE_WORDS,
    VALUE_NUMBERS,
    VALUE_ADDRS,
};

/* field, below, points to the C type that CONF_C_type of conf.h names, zeroed or set. */
struct value_rule {
    enum value_type type;
    uint32_t min, max; /* of each number */
    const char *words; /* of ENUM and WORDS: "a|b", perhaps with a leading '|'; NULL: any */
};

bool value_is_list(enum value_type type);

/* Sets the field from text, or leaves it alone and returns false. */
bool value_set(void *field, const struct value_rule *rule, const char *text);

/* The same, but a list keeps the words it has. */
bool value_extend(void *field, const struct value_rule *rule, const char *text);

/* Writes text that value_set takes; long lists go on over several indented lines. */
void value_write(const void *field, const struct value_rule *rule, FILE *out);

void value_finish(void *field, enum value_type type);

/* What text the rule takes ("a number 1..64"), in buf. Returns buf. */
const char *value_describe(const struct value_rule *rule, char *buf, size_t size);

#endif
