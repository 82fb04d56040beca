/* SPDX-License-Identifier: MIT */
/* Offer/answer decisions (RFC 8829 5.3): which m-lines, codecs, RTX, feedback and extensions, over which transport. */
#include "controlplane/negotiate.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/util.h"

#define NO_COMMON_CODECS "No common codecs"

/* transport-cc is not agreed with subscribers: nothing estimates their downlink from it yet, goog-remb does. */
#define FEEDBACK_PLAY    (DP_FB_NACK | DP_FB_PLI | DP_FB_FIR | DP_FB_REMB)
#define FEEDBACK_PUBLISH (FEEDBACK_PLAY | DP_FB_TRANSPORT_CC)

/* One negotiation in progress. Exactly one of conf and publisher is set. */
struct negotiation {
    const struct sdp *offer;
    const struct negotiate_conf *conf;
    const struct negotiated *publisher;
    struct negotiated *out;
    const struct sdp_section *first; /* the first accepted m-line */
    bool accepted[MEDIA_KINDS];      /* an m-line of this kind has been accepted */
    bool without_codec[MEDIA_KINDS]; /* one could have been, but for its codecs */
};

struct choice {
    const struct sdp_format *format; /* NULL: nothing in common */
    enum codec codec;
    struct codec_params params;
    int rank;
};

/* Takes the format if it is better than what was chosen so far. */
static void consider(struct choice *best, const struct sdp_format *format, enum codec codec,
                     const struct codec_params *params, int rank)
{
    if (rank >= 0 && (!best->format || rank < best->rank))
        *best = (struct choice){format, codec, *params, rank};
}

static int publish_rank(const struct negotiate_conf *conf, enum codec codec, const struct codec_params *params)
{
    int rank = sdp_codec_rank(codec, params);
    for (size_t i = 0; i < conf->n_codecs && rank >= 0; i++)
        if (conf->codecs[i] == codec)
            return (int)i * 16 + rank;
    return -1;
}

static const struct negotiated_section *find_accepted(const struct negotiated *n, enum media_kind kind)
{
    for (size_t i = 0; i < n->n_sections; i++)
        if (n->sections[i].accepted && n->sections[i].kind == kind)
            return &n->sections[i];
    return NULL;
}

static int rank_format(const struct negotiation *n, enum codec codec, const struct codec_params *params)
{
    enum media_kind kind = sdp_codec_info(codec)->kind;
    if (n->conf)
        return publish_rank(n->conf, codec, params);
    const struct negotiated_section *sent = find_accepted(n->publisher, kind);
    return sent && sent->codec == codec ? sdp_codec_match(codec, &sent->params, params) : -1;
}

/* Payload types 64..95 cannot be told from RTCP on one port (RFC 5761 4). */
static bool usable_pt(uint8_t pt)
{
    return pt < 64 || pt > 95;
}

static struct choice choose_format(const struct negotiation *n, const struct sdp_section *s, enum media_kind kind)
{
    struct choice best = {0};
    for (size_t i = 0; i < s->n_formats; i++) {
        const struct sdp_format *format = &s->formats[i];
        struct codec_params params;
        enum codec codec = sdp_codec_parse(format, &params);
        if (codec != CODEC_NONE && sdp_codec_info(codec)->kind == kind && usable_pt(format->pt))
            consider(&best, format, codec, &params, rank_format(n, codec, &params));
    }
    return best;
}

static uint8_t find_rtx(const struct sdp_section *s, const struct sdp_format *repaired)
{
    for (size_t i = 0; i < s->n_formats; i++) {
        const struct sdp_format *format = &s->formats[i];
        uint32_t apt = DP_PT_NONE;
        if (strcasecmp(format->name, "rtx") == 0 && format->clock_hz == repaired->clock_hz && usable_pt(format->pt) &&
            sdp_format_number(format, "apt", 10, 127, &apt) && apt == repaired->pt)
            return format->pt;
    }
    return DP_PT_NONE;
}

/* Is the extension agreed on, both sides willing? */
static bool agree_ext(const struct negotiation *n, const struct sdp_section *s, const struct choice *choice,
                      enum rtp_ext ext)
{
    static const bool forwarded[] = {
#define X(id, uri, is_forwarded) is_forwarded,
        RTP_EXT_LIST(X)
#undef X
    };
    if (!s->ext[ext].id || !(s->ext[ext].direction & (n->conf ? SDP_SENDONLY : SDP_RECVONLY)))
        return false;
    if (n->conf)
        return ext != RTP_EXT_DEPENDENCY_DESCRIPTOR || choice->codec == CODEC_AV1;
    return forwarded[ext] && find_accepted(n->publisher, sdp_codec_info(choice->codec)->kind)->rtp.ext[ext];
}

static void agree_rtp(const struct negotiation *n, const struct sdp_section *s, const struct choice *choice,
                      struct negotiated_section *out)
{
    struct dp_rtp *rtp = &out->rtp;
    rtp->pt = choice->format->pt;
    rtp->rtx_pt = find_rtx(s, choice->format);
    rtp->feedback = (choice->format->feedback | s->feedback) & (n->conf ? FEEDBACK_PUBLISH : FEEDBACK_PLAY);
    for (enum rtp_ext ext = 0; ext < RTP_EXT_COUNT; ext++) {
        if (!agree_ext(n, s, choice, ext))
            continue;
        rtp->ext[ext] = s->ext[ext].id;
        if (s->ext[ext].directed)
            out->ext_directed |= 1u << ext;
    }
    /* transport-cc needs both its extension and its feedback message; half of it only costs bytes */
    if (!rtp->ext[RTP_EXT_TRANSPORT_CC])
        rtp->feedback &= (uint8_t)~DP_FB_TRANSPORT_CC;
    if (!(rtp->feedback & DP_FB_TRANSPORT_CC))
        rtp->ext[RTP_EXT_TRANSPORT_CC] = DP_EXT_NONE;
    if (n->conf) {
        rtp->ssrc = s->fid[0] ? s->fid[0] : s->ssrc;
        rtp->rtx_ssrc = rtp->rtx_pt != DP_PT_NONE ? s->fid[1] : 0;
    }
}

static bool read_kind(const char *media, enum media_kind *kind)
{
    *kind = strcmp(media, "audio") == 0 ? MEDIA_AUDIO : MEDIA_VIDEO;
    return *kind == MEDIA_AUDIO || strcmp(media, "video") == 0;
}

/* All of these mean DTLS-SRTP over ICE here, also without feedback or transport in the name (RFC 8829 5.1.2). */
static bool is_secure_rtp(const char *protocol)
{
    static const char *const known[] = {"UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP", "TCP/DTLS/RTP/SAVPF",
                                        "TCP/DTLS/RTP/SAVP", "RTP/SAVPF",        "RTP/SAVP"};
    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        if (strcmp(protocol, known[i]) == 0)
            return true;
    return false;
}

/* Could the m-line be accepted, whatever its codecs? */
static bool is_eligible(const struct negotiation *n, const struct sdp_section *s, enum media_kind *kind)
{
    if (!read_kind(s->media, kind) || n->accepted[*kind] || !is_secure_rtp(s->protocol))
        return false;
    if (!(s->direction & (n->conf ? SDP_SENDONLY : SDP_RECVONLY)) || (s->port == 0 && !s->bundle_only))
        return false;
    if (n->first && (s->bundle == 0 || s->bundle != n->first->bundle))
        return false; /* a transport of its own */
    return n->conf || find_accepted(n->publisher, *kind);
}

static void copy_word(char *out, size_t size, const char *word)
{
    snprintf(out, size, "%s", word); /* sdp_parse has bounded it */
}

static int accept_section(struct negotiation *n, const struct sdp_section *s, struct negotiated_section *out,
                          const char **info)
{
    enum media_kind kind;
    if (!is_eligible(n, s, &kind))
        return 0;
    struct choice choice = choose_format(n, s, kind);
    if (!choice.format) {
        n->without_codec[kind] = true;
        return 0;
    }
    if (!s->rtcp_mux) {
        *info = "Offer without rtcp-mux";
        return -EINVAL;
    }
    out->accepted = n->accepted[kind] = true;
    out->kind = kind;
    out->codec = choice.codec;
    out->params = choice.params;
    out->rtcp_rsize = s->rtcp_rsize;
    agree_rtp(n, s, &choice, out);
    if (!n->first)
        n->first = s;
    return 0;
}

static int accept_sections(struct negotiation *n, const char **info)
{
    int error = 0;
    n->out->n_sections = n->offer->n_sections;
    for (size_t i = 0; i < n->offer->n_sections && !error; i++) {
        const struct sdp_section *s = &n->offer->sections[i];
        struct negotiated_section *out = &n->out->sections[i];
        copy_word(out->mid, sizeof(out->mid), s->mid);
        copy_word(out->media, sizeof(out->media), s->media);
        copy_word(out->protocol, sizeof(out->protocol), s->protocol);
        copy_word(out->first_fmt, sizeof(out->first_fmt), s->first_fmt);
        error = accept_section(n, s, out, info);
    }
    return error;
}

/* Publishing needs one common codec, playing one in each kind that both sides want. */
static int check_codecs(const struct negotiation *n, const char **info)
{
    bool lacking = false;
    for (enum media_kind kind = 0; kind < MEDIA_KINDS; kind++)
        lacking |= n->without_codec[kind] && !n->accepted[kind];
    if (lacking && (n->publisher || !n->first)) {
        *info = NO_COMMON_CODECS;
        return -EOPNOTSUPP;
    }
    if (!n->first) {
        *info = n->conf ? "Offer sends no media" : "Offer asks for no media of the stream";
        return -EINVAL;
    }
    return 0;
}

/* Bundled m-lines are told apart by payload type and SSRC: none may stand for two things. */
static int check_demux(const struct negotiated *n, const char **info)
{
    const struct negotiated_section *audio = find_accepted(n, MEDIA_AUDIO), *video = find_accepted(n, MEDIA_VIDEO);
    if (!audio || !video)
        return 0;
    const struct dp_rtp *a = &audio->rtp, *v = &video->rtp;
    bool same_pt = a->pt == v->pt || a->pt == v->rtx_pt || a->rtx_pt == v->pt ||
                   (a->rtx_pt != DP_PT_NONE && a->rtx_pt == v->rtx_pt);
    bool same_ssrc = (a->ssrc && (a->ssrc == v->ssrc || a->ssrc == v->rtx_ssrc)) ||
                     (a->rtx_ssrc && (a->rtx_ssrc == v->ssrc || a->rtx_ssrc == v->rtx_ssrc));
    if (!same_pt && !same_ssrc)
        return 0;
    *info = same_pt ? "Payload type used twice in the offer" : "SSRC used twice in the offer";
    return -EINVAL;
}

/* May a refused m-line still hold the bundle's transport? It must be answered with a codec then. */
static bool make_carrier(const struct sdp_section *s, struct negotiated_section *out)
{
    if (!read_kind(s->media, &out->kind) || !is_secure_rtp(s->protocol) || !s->port || !*s->ufrag || !s->rtcp_mux)
        return false;
    for (size_t i = 0; i < s->n_formats && !out->carrier; i++) {
        out->codec = sdp_codec_parse(&s->formats[i], &out->params);
        out->rtp.pt = s->formats[i].pt;
        out->carrier =
            out->codec != CODEC_NONE && sdp_codec_info(out->codec)->kind == out->kind && usable_pt(out->rtp.pt);
    }
    out->rtp.rtx_pt = DP_PT_NONE;
    return out->carrier;
}

/* Lists the m-lines of the group that stay. Returns the one whose transport the offerer will use: the first of them in
 * the group's order (RFC 9143 7.3.1), or, if that is bundle-only and has none, the group's first with one. */
static const struct sdp_section *resolve_transport(struct negotiation *n)
{
    const struct sdp_section *tagged = NULL, *any = NULL;
    bool at_first = true;
    if (!n->first->bundle)
        return n->first;
    for (size_t i = 0; i < n->offer->n_bundled; i++) {
        const struct sdp_section *s = &n->offer->sections[n->offer->bundled[i]];
        struct negotiated_section *out = &n->out->sections[n->offer->bundled[i]];
        if (s->bundle != n->first->bundle)
            continue;
        bool stays = out->accepted || (at_first && make_carrier(s, out));
        at_first = false;
        if (!any && *s->ufrag)
            any = s;
        if (!stays)
            continue;
        n->out->bundled[n->out->n_bundled++] = n->offer->bundled[i];
        if (!tagged)
            tagged = s;
    }
    return *tagged->ufrag || !any ? tagged : any;
}

static int agree_transport(struct negotiation *n, const char **info)
{
    const struct sdp_section *s = resolve_transport(n);
    struct negotiated *out = n->out;
    *info = !*s->ufrag || !*s->pwd       ? "Offer without ICE credentials"
            : s->fingerprint.n_bytes     ? NULL
            : s->fingerprint.unsupported ? "Unsupported fingerprint hash in the offer"
                                         : "Offer without fingerprint";
    if (!*info && s->setup == SDP_SETUP_HOLDCONN)
        *info = "Offer with a=setup:holdconn";
    if (*info)
        return -EINVAL;
    copy_word(out->remote_ufrag, sizeof(out->remote_ufrag), s->ufrag);
    copy_word(out->remote_pwd, sizeof(out->remote_pwd), s->pwd);
    out->fingerprint = s->fingerprint;
    out->setup = s->setup == SDP_SETUP_PASSIVE ? SETUP_ACTIVE : SETUP_PASSIVE;
    return 0;
}

static int negotiate(struct negotiation *n, const char **info)
{
    *n->out = (struct negotiated){.publish = n->conf != NULL};
    *info = NULL;
    int error = accept_sections(n, info);
    if (!error)
        error = check_codecs(n, info);
    if (!error)
        error = check_demux(n->out, info);
    return error ? error : agree_transport(n, info);
}

int negotiate_publish(const struct sdp *offer, const struct negotiate_conf *conf, struct negotiated *out,
                      const char **info)
{
    return negotiate(&(struct negotiation){.offer = offer, .conf = conf, .out = out}, info);
}

int negotiate_play(const struct sdp *offer, const struct negotiated *publisher, struct negotiated *out,
                   const char **info)
{
    return negotiate(&(struct negotiation){.offer = offer, .publisher = publisher, .out = out}, info);
}
