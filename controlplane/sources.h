/* SPDX-License-Identifier: MIT */
/* Sources: how many connections come from each address. An IPv6 host has a network of 64 bits to choose addresses from,
 * so that counts as one. */
#ifndef ROOMLINE_CONTROLPLANE_SOURCES_H
#define ROOMLINE_CONTROLPLANE_SOURCES_H

#include <stdint.h>

struct sockaddr;
struct source;

struct sources { /* zeroed: empty; and again when everything added was deleted */
    struct source *by_key;
};

struct source_key {
    uint8_t bytes[16]; /* IPv4 as ::ffff:a.b.c.d; IPv6: the first half, zeros */
};

struct source_key source_key_of(const struct sockaddr *addr); /* IPv4 or IPv6; any other has one key for all */

uint32_t sources_count(const struct sources *s, const struct source_key *key);
void sources_add(struct sources *s, const struct source_key *key);
void sources_del(struct sources *s, const struct source_key *key); /* what was added */

#endif
