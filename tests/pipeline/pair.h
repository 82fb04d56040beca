/* SPDX-License-Identifier: MIT */
/* What the tests of two workers have in common: an audio stream, its plays, datagrams of the controlplane. */
#ifndef ROOMLINE_TESTS_PIPELINE_PAIR_H
#define ROOMLINE_TESTS_PIPELINE_PAIR_H

#include "fixture.h"

#include <string.h>

#include "common/util.h"

#define PAIR_STREAM 700

static const uint8_t pair_dtls[40] = {22, 0xfe, 0xfd};

static inline void pair_settle(struct fixture *f)
{
    for (int i = 0; i < 6; i++)
        fixture_turn(f);
}

static inline void pair_send_dtls(struct fixture *f, uint64_t session, uint16_t tuple, size_t len)
{
    static struct dp_punt punt;
    size_t bytes = offsetof(struct dp_punt, bytes) + len;

    punt = (struct dp_punt){.head = {.type = DP_MSG_NONE, .len = (uint16_t)bytes}, .tuple = tuple, .session = session};
    memset(punt.bytes, 22, len);
    assert_int_equal(objects_on_punt(&f->objects, &punt, bytes), 0);
}

static inline void pair_publish(struct fixture *f, const struct peer *p)
{
    struct dp_stream_put put = {.kind = MEDIA_AUDIO,
                                .codec = CODEC_OPUS,
                                .id = PAIR_STREAM,
                                .session = p->session,
                                .clock_hz = 48000,
                                .rtp = {.ssrc = 0x1001, .pt = 111, .rtx_pt = DP_PT_NONE, .feedback = DP_FB_NACK}};
    assert_int_equal(fixture_put(f, DP_STREAM_PUT, &put), 0);
}

static inline int pair_play(struct fixture *f, const struct peer *p, uint32_t ssrc)
{
    struct dp_subscription_put put = {.id = 800 + ssrc,
                                      .session = p->session,
                                      .stream = PAIR_STREAM,
                                      .rtp = {.ssrc = ssrc, .pt = 96, .rtx_pt = DP_PT_NONE},
                                      .cname = "room"};
    return fixture_put(f, DP_SUBSCRIPTION_PUT, &put);
}

/* Mails about the object until the ring is full. */
static inline void pair_fill(struct mailbox *mailbox, enum mail mail, void *object)
{
    struct rte_mbuf *m;

    while ((m = mailbox_command(mailbox))) {
        pkt(m)->object = object;
        if (mailbox_send(mailbox, m, mail) != 0)
            break;
    }
    assert_non_null(m);
    rte_pktmbuf_free(m);
}

static inline void pair_send_audio(struct fixture *f, struct peer *p, uint16_t seq)
{
    uint8_t rtp[12 + 40] = {0x80, 111, [8] = 0, 0, 0x10, 1};
    put_be16(rtp + 2, seq);
    put_be32(rtp + 4, seq * 960u);
    put_be16(rtp + 12, seq);
    peer_send_srtp(f, p, rtp, sizeof(rtp));
}

#endif
