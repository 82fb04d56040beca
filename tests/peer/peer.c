/* SPDX-License-Identifier: MIT */
/* Puts socket, ICE agent, DTLS association, SRTP, sources and sinks of one peer connection together, and sends. */
#include "tests/peer/peer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "controlplane/dtls.h"
#include "tests/peer/crypt.h"
#include "tests/peer/peer_private.h"

#define REPORT_US      500000
#define AUDIO_FRAME_US 20000
#define VIDEO_PACKET   1100 /* payload bytes */
#define VIDEO_KBPS     400
#define VIDEO_FPS      15
#define RECEIVE_MAX    256 /* datagrams of one turn: the others wait for theirs */
#define SOCKET_BUF     (1024 * 1024)

static void on_ready(struct loop_item *item, uint32_t events, int64_t now_us);
static void on_due(struct loop_item *item, int64_t now_us);

static int open_socket(const struct in6_addr *local)
{
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    struct sockaddr_in6 addr = {.sin6_family = AF_INET6, .sin6_addr = *local};
    int off = 0, size = SOCKET_BUF;
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)); /* beyond the usual limit, where we may */
    if (bind(fd, (struct sockaddr *)&addr, sizeof(addr))) {
        int err = -errno;
        close(fd);
        return err;
    }
    return fd;
}

static struct peer_sdp_offer describe(const struct peer *p)
{
    return (struct peer_sdp_offer){
        .publish = p->conf.publish,
        .codecs = p->conf.codecs,
        .variant = p->conf.variant,
        .ufrag = p->ufrag,
        .pwd = p->pwd,
        .cname = p->cname,
        .fingerprint = dtls_ctx_fingerprint(p->conf.dtls),
    };
}

static int write_offer(struct peer *p)
{
    struct peer_sdp_offer offer = describe(p);
    if (p->conf.fingerprint)
        offer.fingerprint = p->conf.fingerprint;
    rng_text(&p->rng, p->ufrag, sizeof(p->ufrag));
    rng_text(&p->rng, p->pwd, sizeof(p->pwd));
    rng_text(&p->rng, p->cname, sizeof(p->cname));
    for (enum media_kind k = 0; k < MEDIA_KINDS; k++) {
        offer.ssrc[k] = p->ssrc[k] = (uint32_t)rng_next(&p->rng) | 1;
        offer.rtx_ssrc[k] = p->rtx_ssrc[k] = (uint32_t)rng_next(&p->rng) & ~UINT32_C(1);
    }
    int n = peer_sdp_write_offer(&offer, p->offer, sizeof(p->offer));
    return n < 0 ? n : 0;
}

struct peer *peer_create(const struct peer_conf *conf, int64_t now_us)
{
    struct peer *p = calloc(1, sizeof(*p));
    if (!p)
        return NULL;
    p->conf = *conf;
    p->rng.state = conf->seed;
    p->item = (struct loop_item){.fd = -1, .on_ready = on_ready, .on_due = on_due, .due_us = LOOP_NEVER};
    p->dtls_due_us = p->report_due_us = p->feedback_due_us = LOOP_NEVER;
    p->item.fd = open_socket(&conf->local);
    if (p->item.fd < 0 || write_offer(p) || loop_add(conf->loop, &p->item, EPOLLIN)) {
        peer_destroy(p);
        return NULL;
    }
    return p;
}

void peer_destroy(struct peer *p)
{
    if (!p)
        return;
    dtls_destroy(p->dtls);
    crypt_destroy(p->crypt);
    ice_agent_finish(&p->agent);
    for (enum media_kind k = 0; k < MEDIA_KINDS; k++) {
        free(p->sources[k]);
        free(p->sinks[k]);
    }
    loop_del(p->conf.loop, &p->item);
    if (p->item.fd >= 0)
        close(p->item.fd);
    free(p);
}

const char *peer_offer(const struct peer *p)
{
    return p->offer;
}

enum peer_state peer_state(const struct peer *p)
{
    return p->state;
}

const struct peer_stats *peer_stats(const struct peer *p)
{
    return &p->stats;
}

const struct peer_sdp_answer *peer_answer(const struct peer *p)
{
    return &p->answer;
}

struct ice_agent *peer_agent(struct peer *p)
{
    return &p->agent;
}

struct source *peer_source(struct peer *p, enum media_kind kind)
{
    return p->sources[kind];
}

struct sink *peer_sink(struct peer *p, enum media_kind kind)
{
    return p->sinks[kind];
}

const struct sockaddr_in6 *peer_remote(const struct peer *p)
{
    return &p->remote;
}

void peer_tap(struct peer *p, void (*on_sent)(void *arg, const uint8_t *bytes, size_t len), void *arg)
{
    p->on_sent = on_sent;
    p->sent_arg = arg;
}

void peer_mute(struct peer *p, bool mute)
{
    p->muted = mute;
}

void peer_send_raw(struct peer *p, const void *bytes, size_t len)
{
    if (p->muted || !p->remote.sin6_port)
        return;
    if (p->on_sent)
        p->on_sent(p->sent_arg, bytes, len);
    if (p->conf.send) {
        p->conf.send(p->conf.arg, p, bytes, len);
        p->stats.sent++;
    } else if (sendto(p->item.fd, bytes, len, 0, (struct sockaddr *)&p->remote, sizeof(p->remote)) >= 0) {
        p->stats.sent++;
    }
}

static void send_datagram(void *arg, const uint8_t *datagram, size_t len)
{
    peer_send_raw(arg, datagram, len);
}

static void send_protected(struct peer *p, int (*protect)(struct crypt *, uint8_t *, size_t), const uint8_t *packet,
                           size_t len)
{
    uint8_t bytes[PEER_PACKET_MAX];
    if (!p->crypt || len + CRYPT_TRAILER_MAX > sizeof(bytes))
        return;
    memcpy(bytes, packet, len);
    int n = protect(p->crypt, bytes, len);
    if (n > 0)
        peer_send_raw(p, bytes, (size_t)n);
}

void peer_send_rtp(struct peer *p, const uint8_t *packet, size_t len)
{
    send_protected(p, crypt_protect_rtp, packet, len);
}

void peer_send_rtcp(struct peer *p, const uint8_t *packet, size_t len)
{
    send_protected(p, crypt_protect_rtcp, packet, len);
}

/* ---- Life ---- */

void peer_set_state(struct peer *p, enum peer_state state)
{
    if (p->state == state)
        return;
    p->state = state;
    if (p->conf.on_state)
        p->conf.on_state(p->conf.arg, p);
}

static int make_sink(struct peer *p, enum media_kind kind)
{
    const struct peer_sdp_media *media = &p->answer.media[kind];
    struct sink_conf conf = {
        .codec = media->codec,
        .ssrc = media->ssrc,
        .rtx_ssrc = media->rtx_pt ? media->rtx_ssrc : 0,
        .pt = media->pt,
        .rtx_pt = media->rtx_pt,
        .clock_hz = peer_sdp_clock_hz(media->codec),
        .own_ssrc = p->ssrc[kind],
        .nack = media->nack,
        .pli = media->pli,
    };
    memcpy(conf.ext, media->ext, sizeof(conf.ext));
    p->sinks[kind] = malloc(sizeof(*p->sinks[kind]));
    if (!p->sinks[kind])
        return -ENOMEM;
    sink_init(p->sinks[kind], &conf);
    return 0;
}

static int make_source(struct peer *p, enum media_kind kind, int64_t now_us)
{
    const struct peer_sdp_media *media = &p->answer.media[kind];
    bool video = kind == MEDIA_VIDEO;
    uint32_t fps = p->conf.video_fps ? p->conf.video_fps : VIDEO_FPS;
    uint32_t kbps = p->conf.video_kbps ? p->conf.video_kbps : VIDEO_KBPS;
    struct source_conf conf = {
        .codec = media->codec,
        .ssrc = p->ssrc[kind],
        .rtx_ssrc = media->rtx_pt ? p->rtx_ssrc[kind] : 0,
        .pt = media->pt,
        .rtx_pt = media->rtx_pt,
        .mid = peer_sdp_mid(kind),
        .interval_us = video ? 1000000 / fps : AUDIO_FRAME_US,
        .frame_packets = (uint16_t)(video ? MAX(1, kbps * 125 / fps / VIDEO_PACKET) : 1),
        .payload_bytes = video                        ? VIDEO_PACKET
                         : media->codec == CODEC_OPUS ? PAYLOAD_BYTES_MIN
                                                      : 160,
        .first_seq = p->conf.first_seq ? p->conf.first_seq : (uint16_t)rng_next(&p->rng),
        .first_ts = (uint32_t)rng_next(&p->rng),
        .transport_seq = &p->transport_seq,
    };
    memcpy(conf.ext, media->ext, sizeof(conf.ext));
    p->sources[kind] = malloc(sizeof(*p->sources[kind]));
    if (!p->sources[kind])
        return -ENOMEM;
    source_init(p->sources[kind], &conf, now_us);
    if (p->paused || p->conf.no_media)
        source_pause(p->sources[kind]);
    return 0;
}

static int make_crypt(struct peer *p)
{
    struct dtls_keys keys;
    int err = dtls_export_keys(p->dtls, &keys);
    if (err)
        return err;
    p->crypt = crypt_create(&keys);
    memset(&keys, 0, sizeof(keys));
    return p->crypt ? 0 : -ENOMEM;
}

static int on_keys(struct peer *p, int64_t now_us)
{
    int err = p->conf.no_media ? 0 : make_crypt(p);
    for (enum media_kind k = 0; k < MEDIA_KINDS && !err; k++)
        if (p->answer.media[k].codec != CODEC_NONE && p->conf.publish)
            err = make_source(p, k, now_us);
    p->report_due_us = p->conf.no_media ? LOOP_NEVER : now_us + REPORT_US;
    return err;
}

void peer_on_dtls_state(struct peer *p, enum dtls_state state, int64_t now_us)
{
    int64_t timeout_us = state == DTLS_HANDSHAKE ? dtls_timeout_us(p->dtls) : -1;
    p->dtls_due_us = timeout_us < 0 ? LOOP_NEVER : now_us + timeout_us;
    if (state == DTLS_ESTABLISHED && p->state < PEER_CONNECTED)
        peer_set_state(p, on_keys(p, now_us) ? PEER_FAILED : PEER_CONNECTED);
    else if (state == DTLS_CLOSED || state == DTLS_FAILED)
        peer_set_state(p, state == DTLS_CLOSED ? PEER_CLOSED : PEER_FAILED);
}

static void reschedule(struct peer *p)
{
    int64_t check_us = p->handed ? LOOP_NEVER : p->agent.due_us;
    int64_t due_us = MIN(MIN(check_us, p->dtls_due_us), MIN(p->report_due_us, p->feedback_due_us));
    if (p->state == PEER_NEW || p->state == PEER_CLOSED || p->state == PEER_FAILED)
        due_us = LOOP_NEVER;
    else
        for (enum media_kind k = 0; k < MEDIA_KINDS; k++)
            if (p->sources[k])
                due_us = MIN(due_us, p->sources[k]->due_us);
    if (due_us != p->item.due_us)
        loop_set_due(p->conf.loop, &p->item, due_us);
}

int peer_on_answer(struct peer *p, const char *sdp, int64_t now_us)
{
    struct peer_sdp_answer *answer = &p->answer;
    if (p->state != PEER_NEW || peer_sdp_read_answer(sdp, answer))
        return -EINVAL;
    p->remote = answer->addr[p->conf.ipv6];
    if (!p->remote.sin6_port)
        return -EINVAL;
    struct dtls_conf conf = {
        .active = !answer->active,
        .fingerprint_hash = answer->hash,
        .fingerprint = answer->fingerprint,
        .fingerprint_bytes = answer->fingerprint_bytes,
        .send = send_datagram,
        .arg = p,
    };
    p->dtls = dtls_create(p->conf.dtls, &conf);
    if (!p->dtls)
        return -ENOMEM;
    for (enum media_kind k = 0; k < MEDIA_KINDS; k++)
        if (answer->media[k].codec != CODEC_NONE && !p->conf.publish && !p->conf.no_media && make_sink(p, k))
            return -ENOMEM;
    ice_agent_init(&p->agent, answer->ufrag, p->conf.remote_pwd ? p->conf.remote_pwd : answer->pwd, p->ufrag, p->pwd,
                   rng_next(&p->rng), now_us);
    peer_set_state(p, PEER_CHECKING);
    reschedule(p);
    return 0;
}

int peer_on_offer(struct peer *p, const char *sdp, char *out, size_t size, int64_t now_us)
{
    struct peer_sdp_offer own = describe(p);
    int n = peer_sdp_write_answer(sdp, &own, out, size);
    int err = n < 0 ? n : peer_on_answer(p, sdp, now_us);
    return err ? err : n;
}

int peer_hand_over(struct peer *p, struct dtls_keys *keys)
{
    int err = p->state == PEER_CONNECTED ? dtls_export_keys(p->dtls, keys) : -EINVAL;
    p->handed = !err;
    reschedule(p);
    return err;
}

void peer_pause(struct peer *p)
{
    p->paused = true;
    for (enum media_kind k = 0; k < MEDIA_KINDS; k++)
        if (p->sources[k])
            source_pause(p->sources[k]);
}

void peer_resume(struct peer *p, int64_t now_us)
{
    p->paused = false;
    for (enum media_kind k = 0; k < MEDIA_KINDS; k++)
        if (p->sources[k])
            source_resume(p->sources[k], now_us);
    reschedule(p);
}

void peer_stop_checks(struct peer *p)
{
    p->agent.due_us = LOOP_NEVER;
}

int peer_move(struct peer *p, int64_t now_us)
{
    int fd = open_socket(&p->conf.local);
    if (fd < 0)
        return fd;
    loop_del(p->conf.loop, &p->item);
    close(p->item.fd);
    p->item.fd = fd;
    p->item.due_us = LOOP_NEVER;
    p->agent.due_us = now_us;
    int err = loop_add(p->conf.loop, &p->item, EPOLLIN);
    reschedule(p);
    return err;
}

/* ---- What the loop says ---- */

static int64_t feedback_us(const struct peer *p, int64_t now_us)
{
    int64_t due_us = LOOP_NEVER;
    for (enum media_kind k = 0; k < MEDIA_KINDS; k++)
        if (p->sinks[k])
            due_us = MIN(due_us, sink_feedback_us(p->sinks[k], now_us));
    return due_us;
}

static void reschedule_feedback(struct peer *p, int64_t now_us)
{
    p->feedback_due_us = MIN(p->feedback_due_us, feedback_us(p, now_us));
    reschedule(p);
}

static void on_ready(struct loop_item *item, uint32_t events, int64_t now_us)
{
    struct peer *p = (struct peer *)item;
    uint8_t bytes[2048];
    for (int i = 0; i < RECEIVE_MAX; i++) {
        ssize_t n = recv(item->fd, bytes, sizeof(bytes), 0);
        if (n < 0 && errno != ECONNREFUSED)
            break;
        if (n > 0)
            peer_on_datagram(p, bytes, (size_t)n, now_us);
    }
    reschedule_feedback(p, now_us);
}

void peer_deliver(struct peer *p, uint8_t *bytes, size_t len, int64_t now_us)
{
    peer_on_datagram(p, bytes, len, now_us);
    reschedule_feedback(p, now_us);
}

/* ---- What goes out by the clock ---- */

static void send_media(struct peer *p, struct source *source, int64_t now_us)
{
    uint8_t bytes[PEER_PACKET_MAX];
    int n;
    while ((n = source_write(source, bytes, sizeof(bytes) - CRYPT_TRAILER_MAX, now_us)) > 0)
        peer_send_rtp(p, bytes, (size_t)n);
}

/* An SR or RR is always the first of a compound (RFC 3550 6.1); what follows it is small. */
static void send_reports(struct peer *p, int64_t now_us)
{
    for (enum media_kind k = 0; k < MEDIA_KINDS; k++) {
        uint8_t bytes[512];
        int n = 0;
        if (p->sources[k])
            n = source_write_sr(p->sources[k], bytes, sizeof(bytes), now_us);
        else if (p->sinks[k])
            n = sink_write_rr(p->sinks[k], bytes, sizeof(bytes), now_us);
        int sdes = n > 0 ? rtcp_write_sdes(bytes + n, sizeof(bytes) - (size_t)n, p->ssrc[k], p->cname) : 0;
        if (sdes > 0)
            peer_send_rtcp(p, bytes, (size_t)(n + sdes));
    }
    p->report_due_us = now_us + REPORT_US;
}

static void send_feedback(struct peer *p, int64_t now_us)
{
    uint8_t bytes[512];
    for (enum media_kind k = 0; k < MEDIA_KINDS; k++) {
        int n = p->sinks[k] ? sink_write_feedback(p->sinks[k], bytes, sizeof(bytes), now_us) : 0;
        if (n > 0)
            peer_send_rtcp(p, bytes, (size_t)n);
    }
    p->feedback_due_us = feedback_us(p, now_us);
}

static void send_check(struct peer *p, int64_t now_us)
{
    uint8_t bytes[STUN_USERNAME_MAX + 128];
    int n = ice_agent_write_check(&p->agent, bytes, sizeof(bytes), now_us);
    if (n > 0)
        peer_send_raw(p, bytes, (size_t)n);
}

static void on_due(struct loop_item *item, int64_t now_us)
{
    struct peer *p = (struct peer *)item;
    if (now_us >= p->agent.due_us && !p->handed)
        send_check(p, now_us);
    if (now_us >= p->dtls_due_us)
        peer_on_dtls_state(p, dtls_on_timer(p->dtls), now_us);
    for (enum media_kind k = 0; k < MEDIA_KINDS; k++)
        if (p->sources[k])
            send_media(p, p->sources[k], now_us);
    if (now_us >= p->report_due_us)
        send_reports(p, now_us);
    if (now_us >= p->feedback_due_us)
        send_feedback(p, now_us);
    reschedule(p);
}
