/* SPDX-License-Identifier: MIT */
/* Peers without sockets: what they say leaves by the wire, and what the engine does not know of comes to them. */
#include "bench/lines.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "controlplane/cert.h"
#include "controlplane/dtls.h"

#define PATIENCE_US 5000000
#define TURN_US     1000

struct lines {
    struct wire *wire;
    struct engine *engine;
    struct loop *loop;
    struct dtls_ctx *dtls;
    struct line **by_end; /* of the wire */
    uint64_t seed;
};

static void on_other(void *arg, const struct wire_datagram *d)
{
    struct lines *l = arg;
    struct line *line = l->by_end[d->end];
    if (line)
        peer_deliver(line->peer, d->bytes, d->len, loop_now_us());
}

static void on_send(void *arg, struct peer *peer, const uint8_t *bytes, size_t len)
{
    struct line *line = arg;
    wire_send_bytes(line->lines->wire, line->end, bytes, len, loop_now_us() * 1000);
}

struct lines *lines_create(struct wire *wire, struct engine *engine, enum srtp_profile profile)
{
    struct lines *l = calloc(1, sizeof(*l));
    const enum srtp_profile only[] = {profile, SRTP_PROFILE_NONE};
    struct cert *cert = cert_make(NULL, time(NULL));
    if (!l || !cert)
        goto fail;
    l->wire = wire;
    l->engine = engine;
    l->seed = 1;
    l->loop = loop_create();
    l->dtls = dtls_ctx_create(cert, only);
    l->by_end = calloc(wire->max_ends, sizeof(l->by_end[0]));
    if (!l->loop || !l->dtls || !l->by_end)
        goto fail;
    cert_destroy(cert);
    engine_on_other(engine, on_other, l);
    return l;

fail:
    cert_destroy(cert);
    if (l)
        lines_destroy(l);
    return NULL;
}

void lines_destroy(struct lines *l)
{
    if (!l)
        return;
    engine_on_other(l->engine, NULL, NULL);
    for (uint32_t i = 0; l->by_end && i < l->wire->n_ends; i++)
        if (l->by_end[i]) {
            peer_destroy(l->by_end[i]->peer);
            free(l->by_end[i]);
        }
    free(l->by_end);
    dtls_ctx_destroy(l->dtls);
    loop_destroy(l->loop);
    free(l);
}

struct line *lines_add(struct lines *l, bool publish, uint32_t codecs)
{
    struct line *line = calloc(1, sizeof(*line));
    int end = line ? wire_add_end(l->wire) : -ENOMEM;
    struct peer_conf conf = {
        .loop = l->loop,
        .dtls = l->dtls,
        .publish = publish,
        .codecs = codecs,
        .seed = l->seed++,
        .no_media = true,
        .send = on_send,
        .arg = line,
    };
    struct peer *peer = end < 0 ? NULL : peer_create(&conf, loop_now_us());
    if (!peer) {
        free(line);
        return NULL;
    }
    *line = (struct line){.lines = l, .peer = peer, .end = (uint32_t)end};
    l->by_end[end] = line;
    return line;
}

static int connect_end(struct line *line)
{
    const struct sockaddr_in6 *to = peer_remote(line->peer);
    struct dp_addr remote = {.port = ntohs(to->sin6_port)};
    memcpy(remote.ip, &to->sin6_addr, sizeof(remote.ip));
    return wire_connect(line->lines->wire, line->end, &remote);
}

int line_answer(struct line *line, const char *sdp)
{
    int err = peer_on_answer(line->peer, sdp, loop_now_us());
    return err ? err : connect_end(line);
}

int line_offer(struct line *line, const char *sdp, char *answer, size_t size)
{
    int n = peer_on_offer(line->peer, sdp, answer, size, loop_now_us());
    int err = n < 0 ? n : connect_end(line);
    return err ? err : n;
}

static int await(struct line *line)
{
    for (int64_t until_us = loop_now_us() + PATIENCE_US; peer_state(line->peer) != PEER_CONNECTED;) {
        if (peer_state(line->peer) == PEER_FAILED || peer_state(line->peer) == PEER_CLOSED)
            return -ECONNREFUSED;
        if (loop_now_us() > until_us)
            return -ETIMEDOUT;
        int err = engine_idle(line->lines->engine, TURN_US);
        if (err)
            return err;
        loop_turn(line->lines->loop, loop_now_us());
    }
    return 0;
}

int line_hand_over(struct line *line)
{
    struct dtls_keys keys = {0};
    int err = await(line);
    err = err ? err : peer_hand_over(line->peer, &keys);
    int session =
        err ? err
            : engine_add_session(line->lines->engine, &(struct engine_session){.end = line->end,
                                                                               .profile = keys.profile,
                                                                               .tx_key = keys.tx_key,
                                                                               .tx_salt = keys.tx_salt,
                                                                               .rx_key = keys.rx_key,
                                                                               .rx_salt = keys.rx_salt,
                                                                               .agent = peer_agent(line->peer)});
    memset(&keys, 0, sizeof(keys));
    if (session < 0)
        fprintf(stderr, "bench: a peer did not get through: %s\n", strerror(-session));
    return session;
}
