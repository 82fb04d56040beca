/* SPDX-License-Identifier: MIT */
/* sources: a count per address. */
#include "controlplane/sources.h"

#include <assert.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define NETWORK_BYTES 8 /* of an IPv6 address */

struct source {
    struct source_key key;
    uint32_t n;
    UT_hash_handle hh;
};

struct source_key source_key_of(const struct sockaddr *addr)
{
    struct source_key key = {0};
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)addr;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)addr;

    if (addr->sa_family == AF_INET) {
        key.bytes[10] = key.bytes[11] = 0xff;
        memcpy(key.bytes + 12, &v4->sin_addr, sizeof(v4->sin_addr));
    } else if (addr->sa_family == AF_INET6) {
        bool mapped = IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr);
        memcpy(key.bytes, &v6->sin6_addr, mapped ? sizeof(key.bytes) : NETWORK_BYTES);
    }
    return key;
}

static struct source *find(const struct sources *s, const struct source_key *key)
{
    struct source *found;
    HASH_FIND(hh, s->by_key, key, sizeof(*key), found);
    return found;
}

uint32_t sources_count(const struct sources *s, const struct source_key *key)
{
    const struct source *source = find(s, key);
    return source ? source->n : 0;
}

void sources_add(struct sources *s, const struct source_key *key)
{
    struct source *source = find(s, key);
    if (!source) {
        source = calloc(1, sizeof(*source));
        if (!source)
            abort();
        source->key = *key;
        HASH_ADD(hh, s->by_key, key, sizeof(source->key), source);
    }
    source->n++;
}

void sources_del(struct sources *s, const struct source_key *key)
{
    struct source *source = find(s, key);
    assert(source);
    if (--source->n)
        return;
    HASH_DEL(s->by_key, source);
    free(source);
}
