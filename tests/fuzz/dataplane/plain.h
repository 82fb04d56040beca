/* SPDX-License-Identifier: MIT */
/* A dataplane for fuzz targets: one worker, one session whose credentials the corpus knows, a port that takes frames
 * from the input and swallows what is sent. Made once per process. */
#ifndef ROOMLINE_TESTS_FUZZ_PLAIN_H
#define ROOMLINE_TESTS_FUZZ_PLAIN_H

#include "dataplane/objects.h"
#include "dataplane/worker.h"

struct plain {
    struct dataplane_conf conf;
    struct tables tables;
    struct rte_mempool *pool, *mails;
    struct port port;
    struct worker *worker;
    struct mailbox ctl;
    struct objects objects;
    const uint8_t *input; /* frames to come: 2 bytes of length, the frame */
    size_t left;
    int64_t now_us;
};

struct plain *plain_get(void);

/* Turns until the input is used up and nothing is under way; checks that no mbuf was lost but those held on purpose. */
void plain_run(struct plain *p, const uint8_t *input, size_t len);

#endif
