/* SPDX-License-Identifier: MIT */
/* Offers shaped like a browser's, with few codecs; answers through the relay's own parser. */
#include "tests/peer/peer_sdp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/dp_proto.h"

#define EXT_IDS 14 /* of the one-byte form */

static const struct {
    const char *name;
    enum media_kind kind;
    uint32_t clock_hz;
    unsigned channels;
} codecs[CODEC_COUNT] = {
#define X(id, name, kind, clock, channels) [CODEC_##id] = {name, kind, clock, channels},
    CODEC_LIST(X)
#undef X
};

static const struct {
    uint8_t pt, rtx_pt;
    const char *fmtp;
} formats[CODEC_COUNT] = {
    [CODEC_OPUS] = {111, 0, "minptime=10;useinbandfec=1"},
    [CODEC_PCMU] = {0, 0, NULL},
    [CODEC_PCMA] = {8, 0, NULL},
    [CODEC_H264] = {102, 103, "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"},
    [CODEC_VP8] = {96, 97, NULL},
    [CODEC_VP9] = {98, 99, "profile-id=0"},
    [CODEC_AV1] = {45, 46, NULL},
};

static const char *const ext_uris[RTP_EXT_COUNT] = {
#define X(id, uri, forwarded) [RTP_EXT_##id] = uri,
    RTP_EXT_LIST(X)
#undef X
};

struct text {
    char *p;
    size_t size, len;
};

__attribute__((format(printf, 2, 3))) static void line(struct text *t, const char *format, ...)
{
    va_list args;
    size_t room = t->len < t->size ? t->size - t->len : 0;
    va_start(args, format);
    int n = vsnprintf(room ? t->p + t->len : NULL, room, format, args);
    va_end(args);
    t->len += n > 0 ? (size_t)n : 0;
}

enum media_kind peer_sdp_kind(enum codec codec)
{
    return codecs[codec].kind;
}

uint32_t peer_sdp_clock_hz(enum codec codec)
{
    return codecs[codec].clock_hz;
}

const char *peer_sdp_mid(enum media_kind kind)
{
    return kind == MEDIA_AUDIO ? "a" : "v";
}

static bool offers(const struct peer_sdp_offer *offer, enum codec codec, enum media_kind kind)
{
    return codecs[codec].name && codecs[codec].kind == kind && offer->codecs & PEER_SDP_CODEC(codec);
}

static bool offers_kind(const struct peer_sdp_offer *offer, enum media_kind kind)
{
    for (enum codec c = CODEC_NONE + 1; c < CODEC_COUNT; c++)
        if (offers(offer, c, kind))
            return true;
    return false;
}

static unsigned payload_type(const struct peer_sdp_offer *offer, unsigned pt)
{
    return pt < 35 ? pt : pt + 10 * offer->variant;
}

static bool has_ext(enum rtp_ext ext, enum media_kind kind)
{
    switch (ext) {
    case RTP_EXT_ABS_SEND_TIME:
    case RTP_EXT_TRANSPORT_CC:
    case RTP_EXT_MID:
        return true;
    case RTP_EXT_AUDIO_LEVEL:
        return kind == MEDIA_AUDIO;
    case RTP_EXT_TOFFSET:
    case RTP_EXT_VIDEO_ORIENTATION:
    case RTP_EXT_PLAYOUT_DELAY:
    case RTP_EXT_VIDEO_CONTENT_TYPE:
    case RTP_EXT_COLOR_SPACE:
    case RTP_EXT_DEPENDENCY_DESCRIPTOR:
        return kind == MEDIA_VIDEO;
    case RTP_EXT_COUNT:
        break;
    }
    return false;
}

static void write_formats(const struct peer_sdp_offer *offer, struct text *t, enum media_kind kind)
{
    for (enum codec c = CODEC_NONE + 1; c < CODEC_COUNT; c++) {
        if (!offers(offer, c, kind))
            continue;
        unsigned pt = payload_type(offer, formats[c].pt), rtx = payload_type(offer, formats[c].rtx_pt);
        line(t, "a=rtpmap:%u %s/%u%s\r\n", pt, codecs[c].name, codecs[c].clock_hz, codecs[c].channels == 2 ? "/2" : "");
        line(t, "a=rtcp-fb:%u transport-cc\r\n", pt);
        if (kind == MEDIA_VIDEO)
            line(t, "a=rtcp-fb:%u goog-remb\r\na=rtcp-fb:%u ccm fir\r\na=rtcp-fb:%u nack\r\na=rtcp-fb:%u nack pli\r\n",
                 pt, pt, pt, pt);
        if (formats[c].fmtp)
            line(t, "a=fmtp:%u %s\r\n", pt, formats[c].fmtp);
        if (kind == MEDIA_VIDEO)
            line(t, "a=rtpmap:%u rtx/90000\r\na=fmtp:%u apt=%u\r\n", rtx, rtx, pt);
    }
}

static void write_ssrcs(const struct peer_sdp_offer *offer, struct text *t, enum media_kind kind)
{
    uint32_t ssrc = offer->ssrc[kind], rtx = kind == MEDIA_VIDEO ? offer->rtx_ssrc[kind] : 0;
    if (!offer->publish || !ssrc)
        return;
    if (rtx)
        line(t, "a=ssrc-group:FID %u %u\r\n", ssrc, rtx);
    line(t, "a=ssrc:%u cname:%s\r\n", ssrc, offer->cname);
    if (rtx)
        line(t, "a=ssrc:%u cname:%s\r\n", rtx, offer->cname);
}

static void write_transport(const struct peer_sdp_offer *own, struct text *t, const char *setup, const char *mid)
{
    line(t, "c=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\na=ice-ufrag:%s\r\na=ice-pwd:%s\r\n", own->ufrag, own->pwd);
    line(t, "a=ice-options:trickle\r\na=fingerprint:sha-256 %s\r\na=setup:%s\r\na=mid:%s\r\n", own->fingerprint, setup,
         mid);
}

static void write_section(const struct peer_sdp_offer *offer, struct text *t, enum media_kind kind)
{
    line(t, "m=%s 9 UDP/TLS/RTP/SAVPF", kind == MEDIA_AUDIO ? "audio" : "video");
    for (enum codec c = CODEC_NONE + 1; c < CODEC_COUNT; c++) {
        if (!offers(offer, c, kind))
            continue;
        line(t, " %u", payload_type(offer, formats[c].pt));
        if (kind == MEDIA_VIDEO)
            line(t, " %u", payload_type(offer, formats[c].rtx_pt));
    }
    line(t, "\r\n");
    write_transport(offer, t, "actpass", peer_sdp_mid(kind));
    for (enum rtp_ext e = 0; e < RTP_EXT_COUNT; e++)
        if (has_ext(e, kind))
            line(t, "a=extmap:%u %s\r\n", 1 + ((unsigned)e + 3 * offer->variant) % EXT_IDS, ext_uris[e]);
    line(t, "a=%s\r\na=rtcp-mux\r\na=rtcp-rsize\r\n", offer->publish ? "sendonly" : "recvonly");
    if (offer->publish)
        line(t, "a=msid:%s %s\r\n", offer->cname, peer_sdp_mid(kind));
    write_formats(offer, t, kind);
    write_ssrcs(offer, t, kind);
}

int peer_sdp_write_offer(const struct peer_sdp_offer *offer, char *out, size_t size)
{
    struct text t = {.p = out, .size = size};
    line(&t, "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE");
    for (enum media_kind k = 0; k < MEDIA_KINDS; k++)
        if (offers_kind(offer, k))
            line(&t, " %s", peer_sdp_mid(k));
    line(&t, "\r\na=extmap-allow-mixed\r\na=msid-semantic: WMS *\r\n");
    for (enum media_kind k = 0; k < MEDIA_KINDS; k++)
        if (offers_kind(offer, k))
            write_section(offer, &t, k);
    return t.len < size ? (int)t.len : -ENOSPC;
}

static enum codec find_codec(const char *name)
{
    for (enum codec c = CODEC_NONE + 1; c < CODEC_COUNT; c++)
        if (strcasecmp(name, codecs[c].name) == 0)
            return c;
    return CODEC_NONE;
}

static void read_section(const struct sdp_section *section, struct peer_sdp_media *media)
{
    const struct sdp_format *f = section->formats;
    *media = (struct peer_sdp_media){
        .codec = find_codec(f->name),
        .pt = f->pt,
        .ssrc = section->fid[0] ? section->fid[0] : section->ssrc,
        .rtx_ssrc = section->fid[1],
        .nack = (f->feedback | section->feedback) & DP_FB_NACK,
        .pli = (f->feedback | section->feedback) & DP_FB_PLI,
    };
    for (size_t i = 1; i < section->n_formats; i++) {
        uint32_t apt = DP_PT_NONE;
        if (strcasecmp(section->formats[i].name, "rtx") == 0 &&
            sdp_format_number(&section->formats[i], "apt", 10, 127, &apt) && apt == f->pt)
            media->rtx_pt = section->formats[i].pt;
    }
    for (size_t e = 0; e < RTP_EXT_COUNT; e++)
        media->ext[e] = section->ext[e].id;
}

/* The first format and its RTX, which is all that read_section took. */
static void write_answer_section(const struct sdp_section *section, const struct peer_sdp_offer *own, struct text *t)
{
    const struct sdp_format *f = section->formats;
    struct peer_sdp_media media;
    if (!section->n_formats) {
        line(t, "m=%s 0 %s %s\r\n", section->media, section->protocol, section->first_fmt);
        return;
    }
    read_section(section, &media);
    line(t, "m=%s 9 %s %u", section->media, section->protocol, f->pt);
    if (media.rtx_pt)
        line(t, " %u", media.rtx_pt);
    line(t, "\r\n");
    write_transport(own, t, "active", section->mid);
    for (size_t e = 0; e < RTP_EXT_COUNT; e++)
        if (media.ext[e])
            line(t, "a=extmap:%u %s\r\n", media.ext[e], ext_uris[e]);
    line(t, "a=recvonly\r\na=rtcp-mux\r\na=rtcp-rsize\r\na=rtpmap:%u %s/%u%s\r\n", f->pt, f->name, f->clock_hz,
         f->channels == 2 ? "/2" : "");
    if (media.nack)
        line(t, "a=rtcp-fb:%u nack\r\n", f->pt);
    if (media.pli)
        line(t, "a=rtcp-fb:%u nack pli\r\n", f->pt);
    if (f->fmtp[0])
        line(t, "a=fmtp:%u %s\r\n", f->pt, f->fmtp[0]);
    if (media.rtx_pt)
        line(t, "a=rtpmap:%u rtx/%u\r\na=fmtp:%u apt=%u\r\n", media.rtx_pt, f->clock_hz, media.rtx_pt, f->pt);
}

int peer_sdp_write_answer(const char *offer, const struct peer_sdp_offer *own, char *out, size_t size)
{
    struct text t = {.p = out, .size = size};
    struct sdp *sdp;
    const char *why;
    if (sdp_parse(offer, strlen(offer), &sdp, &why))
        return -EINVAL;
    line(&t, "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE");
    for (size_t i = 0; i < sdp->n_sections; i++)
        line(&t, " %s", sdp->sections[i].mid);
    line(&t, "\r\n");
    for (size_t i = 0; i < sdp->n_sections; i++)
        write_answer_section(&sdp->sections[i], own, &t);
    sdp_destroy(sdp);
    return t.len < size ? (int)t.len : -ENOSPC;
}

static void read_candidates(const char *text, struct peer_sdp_answer *answer)
{
    for (const char *p = text; (p = strstr(p, "a=candidate:")); p++) {
        char transport[8], ip[64];
        unsigned port;
        struct in_addr v4;
        struct sockaddr_in6 addr = {.sin6_family = AF_INET6};
        if (sscanf(p, "a=candidate:%*s %*u %7s %*u %63s %u", transport, ip, &port) != 3 || strcasecmp(transport, "udp"))
            continue;
        addr.sin6_port = htons((uint16_t)port);
        bool is_v6 = inet_pton(AF_INET6, ip, &addr.sin6_addr) == 1;
        if (!is_v6) {
            if (inet_pton(AF_INET, ip, &v4) != 1)
                continue;
            memset(addr.sin6_addr.s6_addr + 10, 0xff, 2);
            memcpy(addr.sin6_addr.s6_addr + 12, &v4, sizeof(v4));
        }
        if (!answer->addr[is_v6].sin6_port)
            answer->addr[is_v6] = addr;
    }
}

static void read_transport(const struct sdp_section *section, struct peer_sdp_answer *answer)
{
    snprintf(answer->ufrag, sizeof(answer->ufrag), "%s", section->ufrag);
    snprintf(answer->pwd, sizeof(answer->pwd), "%s", section->pwd);
    memcpy(answer->hash, section->fingerprint.hash, sizeof(answer->hash));
    memcpy(answer->fingerprint, section->fingerprint.bytes, sizeof(answer->fingerprint));
    answer->fingerprint_bytes = section->fingerprint.n_bytes;
    answer->active = section->setup == SDP_SETUP_ACTIVE;
}

int peer_sdp_read_answer(const char *text, struct peer_sdp_answer *answer)
{
    struct sdp *sdp;
    const char *why;
    bool accepted = false;
    *answer = (struct peer_sdp_answer){0};
    if (sdp_parse(text, strlen(text), &sdp, &why))
        return -EINVAL;
    for (size_t i = 0; i < sdp->n_sections; i++) {
        const struct sdp_section *section = &sdp->sections[i];
        if (!section->port || !section->n_formats)
            continue;
        if (!accepted)
            read_transport(section, answer);
        accepted = true;
        if (section->direction == SDP_INACTIVE) /* it only carries the bundle's transport */
            continue;
        read_section(section, &answer->media[strcmp(section->media, "audio") == 0 ? MEDIA_AUDIO : MEDIA_VIDEO]);
    }
    sdp_destroy(sdp);
    read_candidates(text, answer);
    return accepted ? 0 : -EINVAL;
}
