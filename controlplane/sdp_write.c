/* SPDX-License-Identifier: MIT */
/* The answer text (RFC 8829 5.3.1) of a negotiation. Bundled m-lines repeat the transport, as browsers do. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/util.h"
#include "controlplane/negotiate.h"
#include "controlplane/sdp_attr.h"

struct writer {
    char *buf;
    size_t size, len; /* len beyond size: it did not fit */
};

/* Appends one line and its CRLF. */
__attribute__((format(printf, 2, 3))) static void put(struct writer *w, const char *format, ...)
{
    va_list args;
    size_t room = w->len < w->size ? w->size - w->len : 0;
    va_start(args, format);
    int n = vsnprintf(room ? w->buf + w->len : NULL, room, format, args);
    va_end(args);
    w->len += (size_t)n + 2;
    if (w->len < w->size)
        memcpy(w->buf + w->len - 2, "\r\n", 3);
}

static const char *family(const char *addr)
{
    return strchr(addr, ':') ? "IP6" : "IP4";
}

static void put_session(struct writer *w, const struct negotiated *n, const struct sdp_local *local)
{
    char mids[SDP_SECTIONS_MAX * (DP_MID_BYTES + 1)];
    size_t len = 0;
    put(w, "v=0");
    put(w, "o=- %" PRIu64 " 1 IN IP4 127.0.0.1", local->session_id & INT64_MAX); /* signed (RFC 8829 5.2.1) */
    put(w, "s=-");
    put(w, "t=0 0");
    put(w, "a=ice-lite");
    for (size_t i = 0; i < n->n_bundled; i++)
        len += (size_t)snprintf(mids + len, sizeof(mids) - len, " %s", n->sections[n->bundled[i]].mid);
    if (len)
        put(w, "a=group:BUNDLE%s", mids);
}

static void put_mid(struct writer *w, const struct negotiated_section *s)
{
    if (*s->mid)
        put(w, "a=mid:%s", s->mid);
}

static void put_refused(struct writer *w, const struct negotiated_section *s)
{
    put(w, "m=%s 0 %s %s", s->media, s->protocol, s->first_fmt);
    put(w, "c=IN IP4 0.0.0.0");
    put(w, "a=inactive");
    put_mid(w, s);
}

static void put_transport(struct writer *w, const struct negotiated *n, const struct negotiated_section *s,
                          const struct sdp_local *local)
{
    put(w, "a=ice-ufrag:%s", local->ufrag);
    put(w, "a=ice-pwd:%s", local->pwd);
    put(w, "a=fingerprint:sha-256 %s", local->fingerprint_sha256);
    put(w, "a=setup:%s", n->setup == SETUP_PASSIVE ? "passive" : "active");
    put(w, "a=rtcp-mux");
    if (s->rtcp_rsize)
        put(w, "a=rtcp-rsize");
}

static void put_feedback(struct writer *w, const struct dp_rtp *rtp)
{
    static const struct {
        enum dp_feedback bit;
        const char *text;
    } names[] = {{DP_FB_REMB, "goog-remb"},
                 {DP_FB_TRANSPORT_CC, "transport-cc"},
                 {DP_FB_FIR, "ccm fir"},
                 {DP_FB_NACK, "nack"},
                 {DP_FB_PLI, "nack pli"}};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (rtp->feedback & names[i].bit)
            put(w, "a=rtcp-fb:%u %s", rtp->pt, names[i].text);
}

/* The a=rtcp-fb lines stand between a=rtpmap and a=fmtp: the stock SDK, when a page limits the bitrate, appends to the
 * rtpmap line and would cut an a=fmtp that follows it. */
static void put_codec(struct writer *w, const struct negotiated_section *s)
{
    const struct codec_info *info = sdp_codec_info(s->codec);
    char fmtp[128];
    if (info->channels > 1)
        put(w, "a=rtpmap:%u %s/%u/%u", s->rtp.pt, info->name, info->clock_hz, info->channels);
    else
        put(w, "a=rtpmap:%u %s/%u", s->rtp.pt, info->name, info->clock_hz);
    put_feedback(w, &s->rtp);
    if (sdp_codec_write_fmtp(s->codec, &s->params, fmtp, sizeof(fmtp)))
        put(w, "a=fmtp:%u %s", s->rtp.pt, fmtp);
    if (s->rtp.rtx_pt != DP_PT_NONE) {
        put(w, "a=rtpmap:%u rtx/%u", s->rtp.rtx_pt, info->clock_hz);
        put(w, "a=fmtp:%u apt=%u", s->rtp.rtx_pt, s->rtp.pt);
    }
}

static void put_media(struct writer *w, const struct negotiated_section *s, const struct sdp_local *local)
{
    if (s->rtp.rtx_pt != DP_PT_NONE)
        put(w, "m=%s %u %s %u %u", s->media, local->port, s->protocol, s->rtp.pt, s->rtp.rtx_pt);
    else
        put(w, "m=%s %u %s %u", s->media, local->port, s->protocol, s->rtp.pt);
    put(w, "c=IN %s %s", family(local->addrs[0]), local->addrs[0]);
    put_mid(w, s);
}

/* a=extmap-allow-mixed is not answered, so all packets of a stream have one form of header extension. */
static void put_extensions(struct writer *w, const struct negotiated *n, const struct negotiated_section *s)
{
    for (enum rtp_ext i = 0; i < RTP_EXT_COUNT; i++) {
        const char *direction = !(s->ext_directed >> i & 1) ? "" : n->publish ? "/recvonly" : "/sendonly";
        if (s->rtp.ext[i] != DP_EXT_NONE)
            put(w, "a=extmap:%u%s %s", s->rtp.ext[i], direction, sdp_attr_ext_uri(i));
    }
}

static void put_sources(struct writer *w, const struct negotiated_section *s, const struct sdp_local *local)
{
    put(w, "a=msid:%s %s", local->msid, s->media);
    if (!s->rtp.ssrc)
        return;
    if (s->rtp.rtx_ssrc)
        put(w, "a=ssrc-group:FID %u %u", s->rtp.ssrc, s->rtp.rtx_ssrc);
    put(w, "a=ssrc:%u cname:%s", s->rtp.ssrc, local->cname);
    if (s->rtp.rtx_ssrc)
        put(w, "a=ssrc:%u cname:%s", s->rtp.rtx_ssrc, local->cname);
}

/* Host candidates of component 1, the first address preferred (RFC 8445 5.1.2). */
static void put_candidates(struct writer *w, const struct sdp_local *local)
{
    for (size_t i = 0; i < local->n_addrs; i++) {
        uint32_t priority = 126u << 24 | (uint32_t)(65535 - i) << 8 | (256 - 1);
        put(w, "a=candidate:%zu 1 udp %u %s %u typ host", i + 1, priority, local->addrs[i], local->port);
    }
    put(w, "a=end-of-candidates");
}

static void put_accepted(struct writer *w, const struct negotiated *n, const struct negotiated_section *s,
                         const struct sdp_local *local)
{
    put_media(w, s, local);
    put(w, n->publish ? "a=recvonly" : "a=sendonly");
    put_transport(w, n, s, local);
    put_codec(w, s);
    put_extensions(w, n, s);
    if (!n->publish)
        put_sources(w, s, local);
    put_candidates(w, local);
}

static void put_carrier(struct writer *w, const struct negotiated *n, const struct negotiated_section *s,
                        const struct sdp_local *local)
{
    put_media(w, s, local);
    put(w, "a=inactive");
    put_transport(w, n, s, local);
    put_codec(w, s);
    put_candidates(w, local);
}

int sdp_write_answer(const struct negotiated *n, const struct sdp_local *local, char *buf, size_t size)
{
    struct writer w = {buf, size, 0};
    put_session(&w, n, local);
    for (size_t i = 0; i < n->n_sections; i++) {
        if (n->sections[i].accepted)
            put_accepted(&w, n, &n->sections[i], local);
        else if (n->sections[i].carrier)
            put_carrier(&w, n, &n->sections[i], local);
        else
            put_refused(&w, &n->sections[i]);
    }
    return w.len < w.size ? (int)w.len : -ENOSPC;
}
