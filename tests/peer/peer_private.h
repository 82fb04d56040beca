/* SPDX-License-Identifier: MIT */
/* Between peer.c, which owns the peer connection and sends, and peer_receive.c. */
#ifndef ROOMLINE_TESTS_PEER_PEER_PRIVATE_H
#define ROOMLINE_TESTS_PEER_PEER_PRIVATE_H

#include "controlplane/dtls.h"
#include "tests/peer/peer.h"

struct crypt;

struct peer {
    struct loop_item item; /* first: the loop gives it back */
    struct peer_conf conf;
    struct rng rng;
    enum peer_state state;
    struct peer_stats stats;
    bool muted, paused, handed;
    char offer[PEER_SDP_BYTES], ufrag[9], pwd[25], cname[17];
    uint32_t ssrc[MEDIA_KINDS], rtx_ssrc[MEDIA_KINDS];
    struct peer_sdp_answer answer;
    struct sockaddr_in6 remote;
    struct ice_agent agent;
    struct dtls *dtls;
    int64_t dtls_due_us, report_due_us, feedback_due_us;
    struct crypt *crypt;
    uint16_t transport_seq;
    struct source *sources[MEDIA_KINDS];
    struct sink *sinks[MEDIA_KINDS];
    void (*on_sent)(void *arg, const uint8_t *bytes, size_t len);
    void *sent_arg;
};

void peer_set_state(struct peer *p, enum peer_state state);
void peer_on_dtls_state(struct peer *p, enum dtls_state state, int64_t now_us); /* after each step of DTLS */

/* bytes is decrypted in place. */
void peer_on_datagram(struct peer *p, uint8_t *bytes, size_t len, int64_t now_us);

#endif
