/* SPDX-License-Identifier: MIT */
/* The tee of the dataplane as it is built: people talk, and whoever reads the rings gets what they said; recorders die,
 * come again, and are two at once. Nobody in the room notices. */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/rtp.h"
#include "tests/peer/tap_client.h"
#include "tests/proc/world.h"

#define STREAMS_MAX 8

struct heard { /* of one RTP stream */
    uint64_t stream;
    int64_t first, newest; /* indices */
    uint64_t packets, reports;
};

struct ear {
    struct tap_client client;
    struct heard heard[STREAMS_MAX];
    uint64_t ill; /* records that are not as they should be */
};

static struct heard *heard_of(struct ear *e, const struct tap_record *r)
{
    size_t i = 0;

    while (i < STREAMS_MAX - 1 && e->heard[i].stream && e->heard[i].stream != r->stream)
        i++;
    if (!e->heard[i].stream)
        e->heard[i] = (struct heard){.stream = r->stream, .first = r->index, .newest = r->index};
    return &e->heard[i];
}

static void on_record(void *arg, const struct tap_record *r)
{
    struct ear *e = arg;
    struct rtp_view view;

    if (r->type == TAP_SR) {
        struct heard *h = heard_of(e, r);
        h->reports += h->packets > 0;
        return;
    }
    struct heard *h = heard_of(e, r);
    int64_t age_us = loop_now_us() - r->rx_us;
    e->ill += r->type != TAP_RTP || rtp_parse(&view, (const uint8_t *)(r + 1), r->body_bytes) != 0 ||
              view.seq != (uint16_t)r->index || age_us < 0 || age_us > 60 * SECOND_US;
    h->newest = MAX(h->newest, r->index);
    h->first = h->packets ? MIN(h->first, r->index) : r->index;
    h->packets++;
}

static bool listen_until(struct ear *e, uint64_t packets, uint64_t reports)
{
    int n = tap_client_read(&e->client, on_record, e);

    if (n < 0)
        return false;
    for (size_t i = 0; i < 4; i++) /* two people, sound and picture */
        if (e->heard[i].packets < packets || e->heard[i].reports < reports)
            return false;
    return true;
}

/* No packet is missing and none came twice. */
static void check_heard(struct world *w, const struct ear *e)
{
    WORLD_CHECK(w, e->ill == 0);
    WORLD_CHECK(w, e->client.lost == 0);
    WORLD_CHECK(w, e->heard[4].stream == 0);
    for (size_t i = 0; i < 4; i++)
        WORLD_CHECK(w, (uint64_t)(e->heard[i].newest - e->heard[i].first) + 1 == e->heard[i].packets);
}

static void open_ear(struct world *w, struct ear *e)
{
    char run[96];

    *e = (struct ear){0};
    snprintf(run, sizeof(run), "%s/run", w->dir);
    WORLD_CHECK(w, tap_client_open(&e->client, run) == 0);
}

static bool is_refused(struct ear *e)
{
    return tap_client_read(&e->client, on_record, e) == -ECONNRESET;
}

static struct person *join(struct world *w, const char *login, uint32_t codecs, enum srtp_profile profile)
{
    return world_person(w, &(struct person_conf){.login = login,
                                                 .room = "r",
                                                 .publish = codecs,
                                                 .play = ANY_CODEC,
                                                 .record = true,
                                                 .dtls = world_dtls(w, profile)});
}

static void check_room(struct world *w, struct person *a, struct person *b)
{
    peer_pause(person_published(a)->peer);
    peer_pause(person_published(b)->peer);
    world_check_complete(w, a, b, 0);
    world_check_complete(w, b, a, 0);
}

static void test_recorded(void **state)
{
    struct world *w = *state;
    struct ear ear;

    world_start(w, "workers.count=2", NULL);
    open_ear(w, &ear);
    struct person *a = join(w, "a", AV(OPUS, VP8), SRTP_PROFILE_AEAD_AES_128_GCM);
    struct person *b = join(w, "b", AV(OPUS, H264), SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80);
    WORLD_AWAIT(w, 20000, listen_until(&ear, 200, 1));
    check_room(w, a, b);
    check_heard(w, &ear);
    uint64_t copies =
        world_counter(w, "/roomline/workers,0", "tap_copies") + world_counter(w, "/roomline/workers,1", "tap_copies");
    WORLD_CHECK(w, copies > 800);
    WORLD_CHECK(
        w, world_counter(w, "/roomline/workers,0", "tapped") + world_counter(w, "/roomline/workers,1", "tapped") == 4);
    world_forget(w, a);
    WORLD_AWAIT(w, 5000,
                world_counter(w, "/roomline/workers,0", "tapped") + world_counter(w, "/roomline/workers,1", "tapped") ==
                    2);
    tap_client_close(&ear.client);
    world_close(w);
}

/* Another process that listens until it is killed; *records: how many it has read. */
static pid_t listen_apart(struct world *w, _Atomic uint64_t *records)
{
    pid_t pid = fork();
    WORLD_CHECK(w, pid >= 0);
    if (pid)
        return pid;
    struct ear ear = {0};
    char run[96];
    snprintf(run, sizeof(run), "%s/run", w->dir);
    for (int n = tap_client_open(&ear.client, run); n >= 0; usleep(500)) {
        n = tap_client_read(&ear.client, on_record, &ear);
        *records += n > 0 ? (uint64_t)n : 0;
    }
    _exit(1);
}

static void test_killed_and_two_at_once(void **state)
{
    struct world *w = *state;
    struct ear second, third;
    _Atomic uint64_t *records = mmap(NULL, sizeof(*records), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    WORLD_CHECK(w, records != MAP_FAILED);
    world_start(w, "workers.count=1", "record.ring_kbytes=64", NULL);
    struct person *a = join(w, "a", AV(OPUS, VP8), SRTP_PROFILE_AEAD_AES_128_GCM);
    struct person *b = join(w, "b", AV(OPUS, VP8), SRTP_PROFILE_AEAD_AES_128_GCM);
    for (int i = 0; i < 2; i++) {
        *records = 0;
        pid_t first = listen_apart(w, records);
        WORLD_AWAIT(w, 20000, *records > 100);
        open_ear(w, &second);
        WORLD_AWAIT(w, 5000, is_refused(&second));
        tap_client_close(&second.client);
        WORLD_AWAIT(w, 5000, *records > 200); /* which the first does not notice */
        WORLD_CHECK(w, kill(first, SIGKILL) == 0 && waitpid(first, NULL, 0) == first);
        uint64_t lost = world_counter(w, "/roomline/workers,0", "tap_lost");
        WORLD_AWAIT(w, 20000, world_counter(w, "/roomline/workers,0", "tap_lost") > lost); /* the ring is full */
    }
    open_ear(w, &third);
    WORLD_AWAIT(w, 20000, listen_until(&third, 100, 1));
    check_heard(w, &third);
    tap_client_close(&third.client);
    check_room(w, a, b);
    world_close(w);
    munmap(records, sizeof(*records));
}

int main(void)
{
    const struct CMUnitTest tests[] = {WORLD_TEST(test_recorded), WORLD_TEST(test_killed_and_two_at_once)};
    return world_enter("tap") ? cmocka_run_group_tests_name("tap", tests, NULL, NULL) : 0;
}
