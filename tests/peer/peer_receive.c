/* SPDX-License-Identifier: MIT */
/* What comes in to a peer: told apart (RFC 7983), decrypted, given to agent, association, sinks and sources. */
#include <errno.h>
#include <string.h>

#include "common/rtp.h"
#include "tests/peer/crypt.h"
#include "tests/peer/peer_private.h"

static void on_nack(struct peer *p, const struct rtcp_packet *packet, struct source *source, int64_t now_us)
{
    struct rtcp_nack_iter it;
    uint16_t seq;
    uint8_t bytes[PEER_PACKET_MAX];
    rtcp_nack_begin(&it, packet);
    while (rtcp_nack_next(&it, &seq)) {
        int n = source_write_rtx(source, seq, bytes, sizeof(bytes) - CRYPT_TRAILER_MAX, now_us);
        if (n > 0)
            peer_send_rtp(p, bytes, (size_t)n);
    }
}

static struct source *source_of(struct peer *p, uint32_t ssrc)
{
    for (enum media_kind k = 0; k < MEDIA_KINDS; k++)
        if (p->sources[k] && p->sources[k]->conf.ssrc == ssrc)
            return p->sources[k];
    return NULL;
}

static void on_reports(struct peer *p, const struct rtcp_packet *packet)
{
    struct rtcp_report report;
    for (size_t i = 0; rtcp_read_report(packet, i, &report); i++) {
        if (!source_of(p, report.ssrc))
            continue;
        p->stats.reports++;
        p->stats.fraction_lost = report.fraction_lost;
    }
}

static void on_key_request(struct peer *p, const struct rtcp_packet *packet)
{
    struct rtcp_feedback fb;
    struct rtcp_fir fir;
    struct source *source = NULL;
    if (packet->kind == RTCP_FIR && rtcp_read_fir(packet, 0, &fir))
        source = source_of(p, fir.ssrc);
    else if (rtcp_read_feedback(packet, &fb))
        source = source_of(p, fb.media);
    *(packet->kind == RTCP_FIR ? &p->stats.firs : &p->stats.plis) += 1;
    if (source)
        source_request_key(source);
}

static void on_rtcp_packet(struct peer *p, const struct rtcp_packet *packet, int64_t now_us)
{
    struct rtcp_sr sr;
    struct rtcp_feedback fb;
    struct source *source;
    switch (packet->kind) {
    case RTCP_SR:
        for (enum media_kind k = 0; rtcp_read_sr(packet, &sr) && k < MEDIA_KINDS; k++)
            if (p->sinks[k])
                sink_on_sr(p->sinks[k], &sr, now_us);
        on_reports(p, packet);
        break;
    case RTCP_RR:
        on_reports(p, packet);
        break;
    case RTCP_NACK:
        source = rtcp_read_feedback(packet, &fb) ? source_of(p, fb.media) : NULL;
        if (source)
            on_nack(p, packet, source, now_us);
        break;
    case RTCP_PLI:
    case RTCP_FIR:
        on_key_request(p, packet);
        break;
    case RTCP_REMB:
        p->stats.remb++;
        break;
    case RTCP_TWCC:
        p->stats.twcc++;
        break;
    case RTCP_BYE:
        p->stats.byes++;
        break;
    case RTCP_SDES:
    case RTCP_OTHER:
        break;
    }
}

static void on_rtcp(struct peer *p, uint8_t *bytes, size_t len, int64_t now_us)
{
    int n = p->crypt ? crypt_unprotect_rtcp(p->crypt, bytes, len) : -EINVAL;
    if (n < 0) {
        p->stats.bad_srtp++;
        return;
    }
    struct rtcp_iter it;
    struct rtcp_packet packet;
    rtcp_begin(&it, bytes, (size_t)n);
    while (rtcp_next(&it, &packet))
        on_rtcp_packet(p, &packet, now_us);
    p->stats.bad_rtcp += it.malformed;
}

static void on_rtp(struct peer *p, uint8_t *bytes, size_t len, int64_t now_us)
{
    int n = p->crypt ? crypt_unprotect_rtp(p->crypt, bytes, len) : -EINVAL;
    if (n < 0) {
        p->stats.bad_srtp++;
        return;
    }
    bool known = false;
    for (enum media_kind k = 0; k < MEDIA_KINDS && !known; k++)
        known = p->sinks[k] && sink_on_rtp(p->sinks[k], bytes, (size_t)n, now_us);
    p->stats.unknown += !known;
}

static void on_stun(struct peer *p, const uint8_t *bytes, size_t len, int64_t now_us)
{
    struct dp_addr from = {.port = ntohs(p->remote.sin6_port)};
    uint8_t answer[STUN_RESPONSE_MAX];
    memcpy(from.ip, &p->remote.sin6_addr, sizeof(from.ip));
    int n = ice_agent_write_answer(&p->agent, bytes, len, &from, answer, sizeof(answer));
    if (n > 0)
        peer_send_raw(p, answer, (size_t)n);
    if (!ice_agent_on_answer(&p->agent, bytes, len, now_us) || p->state != PEER_CHECKING)
        return;
    peer_set_state(p, PEER_HANDSHAKE);
    if (!p->conf.no_dtls)
        peer_on_dtls_state(p, dtls_start(p->dtls), now_us);
}

void peer_on_datagram(struct peer *p, uint8_t *bytes, size_t len, int64_t now_us)
{
    p->stats.received++;
    switch (rtp_demux(bytes, len)) {
    case RTP_DEMUX_STUN:
        on_stun(p, bytes, len, now_us);
        break;
    case RTP_DEMUX_DTLS:
        if (p->dtls)
            peer_on_dtls_state(p, dtls_on_datagram(p->dtls, bytes, len), now_us);
        break;
    case RTP_DEMUX_RTCP:
        on_rtcp(p, bytes, len, now_us);
        break;
    case RTP_DEMUX_RTP:
        on_rtp(p, bytes, len, now_us);
        break;
    case RTP_DEMUX_OTHER:
        p->stats.unknown++;
        break;
    }
}
