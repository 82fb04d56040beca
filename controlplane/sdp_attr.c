/* SPDX-License-Identifier: MIT */
/* The a= lines of an SDP description: payload formats, header extensions, sources, ICE and DTLS. */
#include "controlplane/sdp_attr.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "common/dp_proto.h"
#include "common/util.h"
#include "controlplane/sdp_text.h"

/* A parser returns NULL or the reason to refuse. value: what follows "NAME:", "" if nothing does. */
typedef const char *attr_parser(struct sdp_section *s, char *value);

static bool whole_number(const char *text, uint32_t max, uint32_t *out)
{
    return sdp_text_number(text, strlen(text), 10, max, out);
}

/* The format of a payload type in text, NULL when the m-line has no such one: a stripped codec leaves its lines behind.
 */
static struct sdp_format *find_format(struct sdp_section *s, const char *text)
{
    uint32_t pt;
    if (!whole_number(text, 127, &pt))
        return NULL;
    for (size_t i = 0; i < s->n_formats; i++)
        if (s->formats[i].pt == pt)
            return &s->formats[i];
    return NULL;
}

/* rtpmap:111 opus/48000/2 (RFC 8866 6.6) */
static const char *parse_rtpmap(struct sdp_section *s, char *value)
{
    uint32_t clock_hz, channels = 0;
    struct sdp_format *format = find_format(s, sdp_text_word(&value));
    if (!format)
        return NULL;
    const char *name = strsep(&value, "/"), *clock = strsep(&value, "/");
    if (!name || !sdp_text_is_token(name) || !clock || !whole_number(clock, UINT32_MAX, &clock_hz) ||
        (value && !whole_number(value, UINT8_MAX, &channels)))
        return "Bad a=rtpmap";
    format->name = name;
    format->clock_hz = clock_hz;
    format->channels = (uint8_t)channels;
    return NULL;
}

/* fmtp:108 packetization-mode=1;... (RFC 8866 6.15) */
static const char *parse_fmtp(struct sdp_section *s, char *value)
{
    struct sdp_format *format = find_format(s, sdp_text_word(&value));
    for (size_t i = 0; format && value && i < SDP_FMTPS_MAX; i++) {
        if (!format->fmtp[i]) {
            format->fmtp[i] = value;
            break;
        }
    }
    return NULL;
}

/* rtcp-fb:96 nack pli, rtcp-fb:* nack (RFC 4585 4.2) */
static const char *parse_rtcp_fb(struct sdp_section *s, char *value)
{
    static const struct {
        const char *text;
        uint8_t bit;
    } known[] = {{"nack", DP_FB_NACK},
                 {"nack pli", DP_FB_PLI},
                 {"ccm fir", DP_FB_FIR},
                 {"goog-remb", DP_FB_REMB},
                 {"transport-cc", DP_FB_TRANSPORT_CC}};
    const char *pt = sdp_text_word(&value);
    struct sdp_format *format = find_format(s, pt);
    uint8_t *feedback = format ? &format->feedback : strcmp(pt, "*") == 0 ? &s->feedback : NULL;
    for (size_t i = 0; feedback && value && i < ARRAY_SIZE(known); i++)
        if (strcmp(value, known[i].text) == 0)
            *feedback |= known[i].bit;
    return NULL;
}

static bool read_direction(const char *text, enum sdp_direction *out)
{
    static const char *const names[] = {[SDP_INACTIVE] = "inactive",
                                        [SDP_SENDONLY] = "sendonly",
                                        [SDP_RECVONLY] = "recvonly",
                                        [SDP_SENDRECV] = "sendrecv"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (strcmp(text, names[i]) == 0) {
            *out = (enum sdp_direction)i;
            return true;
        }
    }
    return false;
}

const char *sdp_attr_ext_uri(enum rtp_ext ext)
{
    static const char *const uris[] = {
#define X(id, uri, forwarded) uri,
        RTP_EXT_LIST(X)
#undef X
    };
    return uris[ext];
}

/* extmap:2/recvonly URI (RFC 8285 5). Ids above 255 are proposals of an offerer that wants an answer to number them, 15
 * is reserved: such extensions are left out. */
static const char *parse_extmap(struct sdp_section *s, char *value)
{
    char *head = strsep(&value, " ");
    const char *uri = sdp_text_word(&value), *id_text = strsep(&head, "/");
    enum sdp_direction direction = SDP_SENDRECV;
    uint32_t id;
    if (!whole_number(id_text, UINT16_MAX, &id) || !*uri || (head && !read_direction(head, &direction)))
        return "Bad a=extmap";
    if (id == 0 || id == 15 || id > 255)
        return NULL;
    for (size_t i = 0; i < RTP_EXT_COUNT; i++)
        if (s->ext[i].id == id)
            return NULL; /* one id, two meanings: the first holds */
    for (enum rtp_ext i = 0; i < RTP_EXT_COUNT; i++)
        if (strcmp(uri, sdp_attr_ext_uri(i)) == 0 && s->ext[i].id == 0)
            s->ext[i] = (struct sdp_extmap){(uint8_t)id, (uint8_t)direction, head != NULL};
    return NULL;
}

/* ssrc:2568161815 cname:... (RFC 5576 4.1) */
static const char *parse_ssrc(struct sdp_section *s, char *value)
{
    uint32_t ssrc;
    if (!whole_number(sdp_text_word(&value), UINT32_MAX, &ssrc))
        return "Bad a=ssrc";
    if (s->ssrc == 0)
        s->ssrc = ssrc;
    return NULL;
}

/* ssrc-group:FID 1215047585 3467957725 (RFC 5576 4.2) */
static const char *parse_ssrc_group(struct sdp_section *s, char *value)
{
    if (strcmp(sdp_text_word(&value), "FID") != 0 || s->fid[0])
        return NULL;
    uint32_t source, repair;
    if (!whole_number(sdp_text_word(&value), UINT32_MAX, &source) ||
        !whole_number(sdp_text_word(&value), UINT32_MAX, &repair) || !source || !repair || source == repair)
        return "Bad a=ssrc-group";
    s->fid[0] = source;
    s->fid[1] = repair;
    return NULL;
}

static const char *parse_mid(struct sdp_section *s, char *value)
{
    if (!sdp_text_is_token(value) || strlen(value) >= DP_MID_BYTES)
        return "Bad a=mid";
    s->mid = value;
    return NULL;
}

static const char *parse_ufrag(struct sdp_section *s, char *value)
{
    s->ufrag = value;
    return sdp_text_is_ice(value, 4, 256) ? NULL : "Bad a=ice-ufrag";
}

static const char *parse_pwd(struct sdp_section *s, char *value)
{
    s->pwd = value;
    return sdp_text_is_ice(value, 22, 256) ? NULL : "Bad a=ice-pwd";
}

/* "AB:CD:...", exactly n bytes */
static bool parse_hex_bytes(const char *text, uint8_t *bytes, size_t n)
{
    if (strlen(text) != 3 * n - 1)
        return false;
    for (size_t i = 0; i < n; i++) {
        uint32_t byte;
        if (!sdp_text_number(text + 3 * i, 2, 16, 0xff, &byte) || (i + 1 < n && text[3 * i + 2] != ':'))
            return false;
        bytes[i] = (uint8_t)byte;
    }
    return true;
}

/* fingerprint:sha-256 AB:CD:... (RFC 8122 5). Of several, the one with the longest hash is kept. */
static const char *parse_fingerprint(struct sdp_section *s, char *value)
{
    static const struct {
        const char *name;
        size_t n_bytes;
    } hashes[] = {{"sha-224", 28}, {"sha-256", 32}, {"sha-384", 48}, {"sha-512", 64}};
    struct sdp_fingerprint read = {0};
    const char *hash = sdp_text_word(&value);
    for (size_t i = 0; i < ARRAY_SIZE(hashes); i++) {
        if (strcasecmp(hash, hashes[i].name) == 0) {
            read.n_bytes = hashes[i].n_bytes;
            strcpy(read.hash, hashes[i].name);
        }
    }
    if (s->fingerprint.inherited)
        s->fingerprint = (struct sdp_fingerprint){0};
    if (read.n_bytes == 0) {
        s->fingerprint.unsupported = true;
        return NULL;
    }
    if (!parse_hex_bytes(sdp_text_word(&value), read.bytes, read.n_bytes))
        return "Bad a=fingerprint";
    read.unsupported = s->fingerprint.unsupported;
    if (read.n_bytes > s->fingerprint.n_bytes)
        s->fingerprint = read;
    return NULL;
}

/* RFC 8842 5.2 */
static const char *parse_setup(struct sdp_section *s, char *value)
{
    static const char *const names[] = {[SDP_SETUP_ACTIVE] = "active",
                                        [SDP_SETUP_PASSIVE] = "passive",
                                        [SDP_SETUP_ACTPASS] = "actpass",
                                        [SDP_SETUP_HOLDCONN] = "holdconn"};
    for (size_t i = SDP_SETUP_ACTIVE; i < ARRAY_SIZE(names); i++) {
        if (strcmp(value, names[i]) == 0) {
            s->setup = (enum sdp_setup)i;
            return NULL;
        }
    }
    return "Bad a=setup";
}

static const char *set_rtcp_mux(struct sdp_section *s, char *value)
{
    s->rtcp_mux = true;
    return NULL;
}

static const char *set_rtcp_rsize(struct sdp_section *s, char *value)
{
    s->rtcp_rsize = true;
    return NULL;
}

static const char *set_bundle_only(struct sdp_section *s, char *value)
{
    s->bundle_only = true;
    return NULL;
}

static const struct {
    const char *name;
    bool at_session_level; /* may stand there too */
    attr_parser *parse;
} attributes[] = {
    {"rtpmap", false, parse_rtpmap},
    {"fmtp", false, parse_fmtp},
    {"rtcp-fb", false, parse_rtcp_fb},
    {"extmap", true, parse_extmap},
    {"ssrc", false, parse_ssrc},
    {"ssrc-group", false, parse_ssrc_group},
    {"mid", false, parse_mid},
    {"ice-ufrag", true, parse_ufrag},
    {"ice-pwd", true, parse_pwd},
    {"fingerprint", true, parse_fingerprint},
    {"setup", true, parse_setup},
    {"rtcp-mux", false, set_rtcp_mux},
    {"rtcp-rsize", false, set_rtcp_rsize},
    {"bundle-only", false, set_bundle_only},
};

const char *sdp_attr_parse(struct sdp_section *section, bool session_level, char *text)
{
    char *value = text, *name = strsep(&value, ":");
    if (!value)
        value = name + strlen(name);
    if (read_direction(name, &section->direction))
        return NULL;
    for (size_t i = 0; i < ARRAY_SIZE(attributes); i++)
        if (strcmp(name, attributes[i].name) == 0)
            return session_level && !attributes[i].at_session_level ? NULL : attributes[i].parse(section, value);
    return NULL;
}
