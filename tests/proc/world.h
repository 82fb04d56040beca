/* SPDX-License-Identifier: MIT */
/* The relay as it is built, in a network namespace of its own, and the people who use it. One world per test:
 * temporary folders, both daemons, a loop, and everybody made in it.
 *
 * Nothing waits for a time to pass: WORLD_AWAIT polls a condition and fails when it takes too long. */
#ifndef ROOMLINE_TESTS_PROC_WORLD_H
#define ROOMLINE_TESTS_PROC_WORLD_H

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "common/util.h"
#include "tests/peer/person.h"
#include "tests/proc/process.h"

#define WORLD_PEOPLE_MAX 64
#define SECOND_US        INT64_C(1000000)

struct world {
    char dir[64]; /* run/, state/, records/, logs */
    char **settings;
    size_t n_settings;
    struct process dataplane, controlplane, recorder;
    struct loop *loop;
    struct dtls_ctx *dtls[SRTP_PROFILE_COUNT];
    struct person *people[WORLD_PEOPLE_MAX];
    size_t n_people;
    int telemetry;
    bool may_die; /* the daemons, and no complaint */
    bool closed;
};

/* Before anything else in main: a network namespace with loopback only, libraries ready. false: not permitted here; a
 * line says so and the program is to end with status 0. */
bool world_enter(const char *program);

/* For cmocka: tests with world_setup and world_teardown. *state is a struct world, nothing is started. */
int world_setup(void **state);
int world_teardown(void **state);
#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

/* Starts both daemons with these settings over the world's own, and waits until they serve. The list ends in NULL. */
void world_start(struct world *w, ...);
void world_set(struct world *w, const char *setting); /* for later starts */
void world_start_dataplane(struct world *w);
void world_start_controlplane(struct world *w); /* waits until it serves and has its dataplane */

void world_start_recorder(struct world *w); /* for tests that record: the others do without */

/* The end of a test that went well: all daemons stop at SIGTERM, with status 0 and without a complaint of a
 * sanitizer. */
void world_close(struct world *w);

/* One turn of the loop, a few ms at most. Fails the test when a daemon has died. false: until_us has come. */
bool world_turn(struct world *w, int64_t until_us);
void world_fail(struct world *w, const char *file, int line, const char *what) __attribute__((noreturn));

#define WORLD_AWAIT(w, timeout_ms, condition)                                \
    do {                                                                     \
        int64_t until_us_ = loop_now_us() + (timeout_ms)*INT64_C(1000);      \
        while (!(condition))                                                 \
            if (!world_turn((w), until_us_) && !(condition))                 \
                world_fail((w), __FILE__, __LINE__, "in vain: " #condition); \
    } while (0)
#define WORLD_CHECK(w, condition)                                              \
    do {                                                                       \
        if (!(condition))                                                      \
            world_fail((w), __FILE__, __LINE__, "does not hold: " #condition); \
    } while (0)

/* Lets the world go on for so long: only where a length of time is what is being tested. */
void world_run_for(struct world *w, int64_t time_us);

/* Somebody new. conf.login and conf.room are the caller's, the rest may be zero. */
struct person *world_person(struct world *w, const struct person_conf *conf);
void world_forget(struct world *w, struct person *person); /* and destroys */
struct dtls_ctx *world_dtls(struct world *w, enum srtp_profile profile);
struct sockaddr_in6 world_address(bool ipv6, uint16_t port); /* of this host */

/* ---- The dataplane's counters ---- */

uint64_t world_drops(struct world *w, const char *reason);
uint64_t world_counter(struct world *w, const char *command, const char *key); /* of a dictionary; fails if absent */

/* ---- Media ---- */

#define AV(audio, video) (PEER_SDP_CODEC(CODEC_##audio) | PEER_SDP_CODEC(CODEC_##video))
#define ANY_CODEC        (~UINT32_C(0))

/* A person's view of what somebody publishes. NULL: not (yet) played. */
struct sink *world_sink(const struct person *person, const char *login, enum media_kind kind);
struct source *world_source(const struct person *person, enum media_kind kind);

/* Has this much come of both kinds? */
bool world_hears(const struct person *person, const char *login, uint64_t packets);

/* Nothing but the right packets has come; loss is the caller's to judge. */
void world_check_sink(struct world *w, const struct sink *sink);

/* What has come is all that was sent, from the first packet that came on. Waits for what is under way, up to 2 s. The
 * sender must be paused. */
void world_check_complete(struct world *w, struct person *sender, struct person *receiver, uint64_t lost_max);

#endif
