/* SPDX-License-Identifier: MIT */
/* The recorder as it is built, between a dataplane and a controlplane that the test plays: rings of memory that it
 * writes into, and the link over which it says what is to be recorded. One studio per test. */
#ifndef ROOMLINE_TESTS_PROC_STUDIO_H
#define ROOMLINE_TESTS_PROC_STUDIO_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/capture.h"
#include "common/rec_proto.h"
#include "common/tap_ring.h"
#include "tests/proc/process.h"

#define STUDIO_STATES_MAX 4096

struct studio {
    char dir[64]; /* run/, records/, logs */
    char records[128];
    char finisher[256]; /* "": the built one */
    const char *settings[16];
    size_t n_settings;
    struct process recorder;
    bool closed;
    struct studio_tap { /* the dataplane's end */
        int listener, link, slab_fd, tails_fd;
        uint32_t n_rings;
        uint64_t ring_bytes;
        uint8_t *slab, *tails;
        struct tap_writer *writers;
        uint32_t connections; /* of this run of the recorder */
    } tap;
    struct studio_control { /* the controlplane's */
        int link;
        bool greeted;
        uint64_t boot_id;
        struct rec_state states[STUDIO_STATES_MAX]; /* in the order in which they came */
        size_t n_states;
        uint64_t wishes, wished; /* key frames: how many, of which stream last */
    } control;
};

int studio_setup(void **state);
int studio_teardown(void **state);
#define STUDIO_TEST(test) cmocka_unit_test_setup_teardown(test, studio_setup, studio_teardown)

void studio_set(struct studio *s, const char *setting); /* "key=value" for later starts; borrowed */
void studio_start(struct studio *s);                    /* until it is ready */
void studio_close(struct studio *s);                    /* it stops at SIGTERM, with status 0 */

/* One turn: what waits is served, a ms at most. Fails the test when the recorder has died. false: until_us has come. */
bool studio_turn(struct studio *s, int64_t until_us);
void studio_fail(struct studio *s, const char *file, int line, const char *what) __attribute__((noreturn));

#define STUDIO_AWAIT(s, timeout_ms, condition)                                \
    do {                                                                      \
        int64_t until_us_ = loop_now_us() + (timeout_ms)*INT64_C(1000);       \
        while (!(condition))                                                  \
            if (!studio_turn((s), until_us_) && !(condition))                 \
                studio_fail((s), __FILE__, __LINE__, "in vain: " #condition); \
    } while (0)
#define STUDIO_CHECK(s, condition)                                              \
    do {                                                                        \
        if (!(condition))                                                       \
            studio_fail((s), __FILE__, __LINE__, "does not hold: " #condition); \
    } while (0)

/* ---- The dataplane ---- */

void studio_open_tap(struct studio *s, uint32_t n_rings, uint64_t ring_bytes); /* listens; studio_turn serves */
void studio_close_tap(struct studio *s);
bool studio_is_tapped(struct studio *s); /* the recorder has its rings, of the newest connection */

/* One RTP packet of so many bytes, whose content follows from stream and index; published at once. false: no room. */
bool studio_rtp(struct studio *s, uint32_t ring, uint64_t stream, int64_t index, uint32_t bytes);
bool studio_is_drained(const struct studio *s); /* the recorder has read all of it */
void studio_fill_rtp(uint8_t *packet, uint64_t stream, int64_t index, uint32_t bytes);

/* ---- The controlplane ---- */

void studio_connect(struct studio *s); /* and says HELLO */
void studio_disconnect(struct studio *s);
void studio_send(struct studio *s, const void *record, size_t len); /* fails the test when it does not go */
void studio_put_room(struct studio *s, uint64_t id, const char *name, uint32_t flags, const char *file);
void studio_put_take(struct studio *s, uint64_t id, uint64_t room, uint32_t flags, const char *file); /* see studio.c */
void studio_end_take(struct studio *s, uint64_t id, const char *file);
void studio_end_room(struct studio *s, uint64_t id);
void studio_sync(struct studio *s);

#define STUDIO_AUDIO(take) ((take) << 8 | 1) /* RTP streams of studio_put_take */
#define STUDIO_VIDEO(take) ((take) << 8 | 2)

/* The newest state told of it; NULL: none. */
const struct rec_state *studio_state(const struct studio *s, enum rec_state_of of, uint64_t id);
bool studio_is(const struct studio *s, enum rec_state_of of, uint64_t id, enum rec_state_id state);

/* ---- What has been written ---- */

void studio_path(const struct studio *s, uint64_t room, uint64_t take, char path[256]); /* of a capture */

struct tape { /* a capture, read back */
    uint8_t *bytes;
    size_t n_bytes;
    char *meta, *end; /* NULL: none */
    size_t n_rtp, n_sr, n_clocks;
    uint64_t lost;
    bool whole; /* nothing but whole records */
};

/* Every RTP record in it is checked against studio_fill_rtp. Not there: all zero. */
void tape_read(struct tape *t, const char *path);
void tape_free(struct tape *t);

/* The indices of one stream's RTP records, in order; how many there are, of which capacity at most are written. */
size_t tape_indices(const struct tape *t, uint64_t stream, int64_t *out, size_t capacity);

#endif
