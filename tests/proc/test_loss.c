/* SPDX-License-Identifier: MIT */
/* A network that loses 5 % of everything in both directions: NACK and RTX repair the video, STUN, DTLS and the rest
 * survive. The kernel drops with nftables, since it may lack netem. */
#include <unistd.h>

#include "tests/proc/world.h"

#define NFT "/usr/sbin/nft"

static const char *const rules[] = {
    "add table inet lossy",
    "add chain inet lossy in { type filter hook input priority 0 ; }",
    "add rule inet lossy in udp dport 31001-31002 numgen random mod 100 < 5 drop",
    "add rule inet lossy in udp sport 31001-31002 numgen random mod 100 < 5 drop",
};

static void nft(struct world *w, const char *rule)
{
    WORLD_CHECK(w, process_run((const char *const[]){NFT, rule, NULL}, NULL) == 0);
}

static struct person *join(struct world *w, const char *login, uint32_t codecs, enum srtp_profile profile)
{
    return world_person(w, &(struct person_conf){.login = login,
                                                 .room = "r",
                                                 .publish = codecs,
                                                 .play = ANY_CODEC,
                                                 .dtls = world_dtls(w, profile),
                                                 .video_kbps = 4000,
                                                 .video_fps = 30});
}

static void check_repair(struct world *w, struct person *sender, struct person *receiver)
{
    const struct source *source = world_source(sender, MEDIA_VIDEO);
    const struct sink *sink = world_sink(receiver, sender->login, MEDIA_VIDEO);
    uint64_t sent = source->seq - sink->first_seq;
    WORLD_AWAIT(w, 2000, sink_lost(sink, source->seq) * 1000 < sent * 2); /* 0.2 % */
    printf("# %s to %s: sent=%lu lost=%lu repaired=%lu up=%lu late=%lu duplicates=%lu nacks=%lu\n", sender->login,
           receiver->login, sent, sink_lost(sink, source->seq), sink->stats.repaired, source->stats.resent,
           sink->stats.late, sink->stats.duplicates, sink->stats.nacks);
    WORLD_CHECK(w, source->stats.resent * 100 > sent * 2);    /* asked for by the relay */
    WORLD_CHECK(w, sink->stats.repaired * 100 > sent * 2);    /* answered by the relay */
    WORLD_CHECK(w, sink->stats.duplicates * 100 <= sent * 3); /* and not out of all proportion */
    world_check_sink(w, sink);
}

static void test_repair(void **state)
{
    struct world *w = *state;
    world_start(w, "dataplane.port=socket", "workers.count=2", NULL); /* what AF_XDP takes, nftables does not see */
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
        nft(w, rules[i]);
    struct person *a = join(w, "a", AV(OPUS, VP8), SRTP_PROFILE_AEAD_AES_128_GCM);
    struct person *b = join(w, "b", AV(OPUS, H264), SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80);
    WORLD_AWAIT(w, 20000, world_hears(a, "b", 2) && world_hears(b, "a", 2));
    WORLD_AWAIT(w, 20000,
                world_sink(a, "b", MEDIA_VIDEO)->stats.unique > 2500 &&
                    world_sink(b, "a", MEDIA_VIDEO)->stats.unique > 2500);
    peer_pause(person_published(a)->peer);
    peer_pause(person_published(b)->peer);
    check_repair(w, a, b);
    check_repair(w, b, a);
    nft(w, "delete table inet lossy");
    world_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {WORLD_TEST(test_repair)};
    if (access(NFT, X_OK)) {
        printf("ok - loss # SKIP no %s\n", NFT);
        return 0;
    }
    return world_enter("loss") ? cmocka_run_group_tests_name("loss", tests, NULL, NULL) : 0;
}
