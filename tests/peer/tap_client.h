/* SPDX-License-Identifier: MIT */
/* A recorder as small as can be: gets the rings of a dataplane (common/tap.h) and reads what is copied there. */
#ifndef ROOMLINE_TESTS_PEER_TAP_CLIENT_H
#define ROOMLINE_TESTS_PEER_TAP_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "common/tap_ring.h"

struct tap_client { /* zeroed: not open */
    int fd;
    struct tap_hello hello; /* version 0: it has not come yet */
    uint8_t *slab, *tails, *buf;
    struct tap_reader *readers;
    uint64_t lost; /* records that found no room, so far */
};

/* Connects to the dataplane with this run_dir: 0 or -errno. */
int tap_client_open(struct tap_client *c, const char *run_dir);
void tap_client_close(struct tap_client *c);

/* Takes the hello, then calls on_record for each record that waits. How many, or -errno: -ECONNRESET: refused, or the
 * dataplane has gone; -EPROTO: it does not keep to the contract. */
int tap_client_read(struct tap_client *c, void (*on_record)(void *arg, const struct tap_record *r), void *arg);

#endif
