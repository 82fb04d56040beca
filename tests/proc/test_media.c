/* SPDX-License-Identifier: MIT */
/* People in a room, every packet verified: each codec, profile and address family, one worker and more. */
#include <string.h>

#include "tests/proc/world.h"

struct media_case {
    const char *name;
    uint32_t codecs;
    enum srtp_profile profile;
    bool ipv6;
    const char *workers; /* setting */
    unsigned people;
};

static struct person *join(struct world *w, const struct media_case *c, const char *login, unsigned i)
{
    struct person_conf conf = {
        .login = login,
        .room = "комната 1",
        .publish = c->codecs,
        .play = ANY_CODEC,
        .dtls = world_dtls(w, c->profile),
        .ipv6 = c->ipv6,
        .variant = i % 2,
        .first_seq = (uint16_t)(i % 2 ? 65500 : 30), /* one of them wraps */
    };
    return world_person(w, &conf);
}

static bool all_hear(struct person **people, unsigned n, uint64_t packets)
{
    for (unsigned i = 0; i < n; i++)
        for (unsigned j = 0; j < n; j++)
            if (i != j && !world_hears(people[i], people[j]->login, packets))
                return false;
    return true;
}

static void check_room(struct world *w, const struct media_case *c)
{
    struct person *people[8];
    char login[8][8];
    for (unsigned i = 0; i < c->people; i++) {
        snprintf(login[i], sizeof(login[i]), "p%u", i);
        people[i] = join(w, c, login[i], i);
    }
    WORLD_AWAIT(w, 10000, all_hear(people, c->people, 60));
    for (unsigned i = 0; i < c->people; i++)
        peer_pause(person_published(people[i])->peer);
    for (unsigned i = 0; i < c->people; i++)
        for (unsigned j = 0; j < c->people; j++)
            if (i != j)
                world_check_complete(w, people[i], people[j], 0);
    for (unsigned i = 0; i < c->people; i++) {
        const struct peer_stats *stats = peer_stats(person_published(people[i])->peer);
        WORLD_CHECK(w, person_media_is(person_published(people[i]), "PUBLISHING"));
        WORLD_CHECK(w, stats->bad_srtp + stats->bad_rtcp + stats->unknown == 0);
        WORLD_CHECK(w, people[i]->n_broken == 0);
        world_forget(w, people[i]);
    }
}

static void check_cases(struct world *w, const struct media_case *cases, size_t n)
{
    world_start(w, cases->workers, NULL);
    for (size_t i = 0; i < n; i++) {
        printf("# %s\n", cases[i].name);
        check_room(w, &cases[i]);
    }
    WORLD_CHECK(w, world_drops(w, "AUTH") == 0);
    WORLD_CHECK(w, world_drops(w, "TX_FULL") == 0);
    world_close(w);
}

static void test_codecs_profiles_families(void **state)
{
    static const struct media_case cases[] = {
        {"opus VP8, GCM-128, IPv4", AV(OPUS, VP8), SRTP_PROFILE_AEAD_AES_128_GCM, false, "workers.count=1", 2},
        {"opus H264, GCM-256, IPv6", AV(OPUS, H264), SRTP_PROFILE_AEAD_AES_256_GCM, true, NULL, 2},
        {"PCMU VP8, CM, IPv6", AV(PCMU, VP8), SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80, true, NULL, 2},
        {"PCMA H264, CM, IPv4", AV(PCMA, H264), SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80, false, NULL, 2},
        {"audio only", AV(OPUS, NONE), SRTP_PROFILE_AEAD_AES_128_GCM, false, NULL, 2},
        {"video only", AV(NONE, VP8), SRTP_PROFILE_AEAD_AES_128_GCM, false, NULL, 2},
    };
    check_cases(*state, cases, ARRAY_SIZE(cases));
}

static void test_five_people_on_two_workers(void **state)
{
    static const struct media_case cases[] = {
        {"five", AV(OPUS, VP8), SRTP_PROFILE_AEAD_AES_128_GCM, false, "workers.count=2", 5},
        {"two, IPv6", AV(OPUS, H264), SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80, true, NULL, 2},
    };
    check_cases(*state, cases, ARRAY_SIZE(cases));
}

static void test_one_family_each(void **state)
{
    struct world *w = *state;
    world_start(w, "workers.count=3", NULL);
    struct media_case c = {"", AV(OPUS, VP8), SRTP_PROFILE_AEAD_AES_128_GCM, false, NULL, 2};
    struct person *a = join(w, &c, "four", 0);
    c.ipv6 = true;
    c.profile = SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80;
    struct person *b = join(w, &c, "six", 1);
    WORLD_AWAIT(w, 10000, world_hears(a, "six", 60) && world_hears(b, "four", 60));
    peer_pause(person_published(a)->peer);
    peer_pause(person_published(b)->peer);
    world_check_complete(w, a, b, 0);
    world_check_complete(w, b, a, 0);
    world_close(w);
}

/* What a decoder and a congestion controller need besides packets. */
static void test_feedback(void **state)
{
    struct world *w = *state;
    world_start(w, NULL);
    struct media_case c = {"", AV(OPUS, VP8), SRTP_PROFILE_AEAD_AES_128_GCM, false, NULL, 2};
    struct person *a = join(w, &c, "a", 0);
    WORLD_AWAIT(w, 5000, world_source(a, MEDIA_VIDEO) && world_source(a, MEDIA_VIDEO)->stats.frames > 10);
    struct person *b = join(w, &c, "b", 1);
    WORLD_AWAIT(w, 5000, world_hears(b, "a", 20));
    const struct peer_stats *stats = peer_stats(person_published(a)->peer);
    WORLD_CHECK(w, stats->plis + stats->firs >= 1); /* for the new subscriber */
    WORLD_AWAIT(w, 3000, stats->reports > 0 && stats->twcc + stats->remb > 0);
    struct sink *audio = world_sink(b, "a", MEDIA_AUDIO), *video = world_sink(b, "a", MEDIA_VIDEO);
    WORLD_AWAIT(w, 5000, audio->stats.srs > 1 && video->stats.srs > 1);
    uint64_t seen = audio->stats.unique;
    WORLD_AWAIT(w, 3000, audio->stats.unique > seen + 10);
    WORLD_CHECK(w, llabs(audio->sync_us - video->sync_us) < 80000); /* lip sync */
    WORLD_CHECK(w, sink_latency_us(video, 50) <= 65536);
    world_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_codecs_profiles_families),
        WORLD_TEST(test_five_people_on_two_workers),
        WORLD_TEST(test_one_family_each),
        WORLD_TEST(test_feedback),
    };
    return world_enter("media") ? cmocka_run_group_tests_name("media", tests, NULL, NULL) : 0;
}
