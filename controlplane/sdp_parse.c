/* SPDX-License-Identifier: MIT */
/* SDP text (RFC 8866) into struct sdp: cleaning, lines, m-lines, groups. The a= lines are sdp_attr's. */
#include "controlplane/sdp_parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/util.h"
#include "controlplane/sdp_attr.h"
#include "controlplane/sdp_text.h"

_Static_assert(SDP_SECTIONS_MAX <= UINT8_MAX, "section indices are bytes");

#define BUNDLES_MAX 4 /* a=group:BUNDLE lines; no browser has more than one */

struct parser {
    struct sdp *sdp;
    struct sdp_section session; /* attributes above the first m-line, the template of every section */
    char *bundles[BUNDLES_MAX];
    size_t n_bundles;
    int error;
    const char *why;
};

static int refuse(struct parser *p, int error, const char *why)
{
    p->error = error;
    p->why = why;
    return error;
}

/* Payload types with a meaning of their own (RFC 3551 6) need no a=rtpmap. */
static struct sdp_format make_format(uint8_t pt)
{
    struct sdp_format format = {.pt = pt, .name = ""};
    if (pt == 0 || pt == 8) {
        format.name = pt == 0 ? "PCMU" : "PCMA";
        format.clock_hz = 8000;
    }
    return format;
}

static bool has_format(const struct sdp_section *s, uint32_t pt)
{
    for (size_t i = 0; i < s->n_formats; i++)
        if (s->formats[i].pt == pt)
            return true;
    return false;
}

/* The formats of an RTP m-line are payload types; other protocols have words, of which the first is kept. */
static int parse_formats(struct parser *p, struct sdp_section *s, char *words)
{
    bool rtp = strstr(s->protocol, "RTP/") != NULL;
    for (const char *word; *(word = sdp_text_word(&words));) {
        uint32_t pt;
        if (!sdp_text_is_token(word) || strlen(word) >= SDP_WORD_BYTES)
            return refuse(p, -EINVAL, "Bad format in m=");
        if (!*s->first_fmt)
            s->first_fmt = word;
        if (!rtp)
            continue;
        if (!sdp_text_number(word, strlen(word), 10, 127, &pt))
            return refuse(p, -EINVAL, "Bad payload type in m=");
        if (has_format(s, pt))
            continue;
        if (s->n_formats == SDP_FORMATS_MAX)
            return refuse(p, -E2BIG, "Too many formats in m=");
        s->formats[s->n_formats++] = make_format((uint8_t)pt);
    }
    return *s->first_fmt ? 0 : refuse(p, -EINVAL, "No format in m=");
}

static bool is_word(const char *text)
{
    return sdp_text_is_token(text) && strlen(text) < SDP_WORD_BYTES;
}

/* UDP/TLS/RTP/SAVPF: tokens with slashes between them */
static bool is_protocol(const char *text)
{
    if (!*text || strlen(text) >= SDP_WORD_BYTES)
        return false;
    for (; *text; text++)
        if (*text != '/' && !sdp_text_is_token((char[]){*text, '\0'}))
            return false;
    return true;
}

/* m=audio 9 UDP/TLS/RTP/SAVPF 111 63 ... (RFC 8866 5.14) */
static int parse_media(struct parser *p, char *value)
{
    if (p->sdp->n_sections == SDP_SECTIONS_MAX)
        return refuse(p, -E2BIG, "Too many m= lines");
    struct sdp_section *s = &p->sdp->sections[p->sdp->n_sections++];
    *s = p->session;
    s->fingerprint.inherited = true;
    s->media = sdp_text_word(&value);
    const char *port = sdp_text_word(&value);
    uint32_t number;
    if (!sdp_text_number(port, strcspn(port, "/"), 10, UINT16_MAX, &number))
        return refuse(p, -EINVAL, "Bad port in m=");
    s->port = (uint16_t)number;
    s->protocol = sdp_text_word(&value);
    if (!is_word(s->media) || !is_protocol(s->protocol))
        return refuse(p, -EINVAL, "Bad m= line");
    return parse_formats(p, s, value);
}

static int parse_attribute(struct parser *p, char *text)
{
    static const char bundle[] = "group:BUNDLE ";
    struct sdp *sdp = p->sdp;
    bool session_level = sdp->n_sections == 0;
    if (session_level && strncmp(text, bundle, strlen(bundle)) == 0) {
        if (p->n_bundles < BUNDLES_MAX)
            p->bundles[p->n_bundles++] = text + strlen(bundle);
        return 0;
    }
    struct sdp_section *s = session_level ? &p->session : &sdp->sections[sdp->n_sections - 1];
    const char *why = sdp_attr_parse(s, session_level, text);
    return why ? refuse(p, -EINVAL, why) : 0;
}

static int parse_line(struct parser *p, char *line, bool first)
{
    if (first)
        return strcmp(line, "v=0") == 0 ? 0 : refuse(p, -EINVAL, "Not an SDP: no v=0");
    if (line[0] < 'a' || line[0] > 'z' || line[1] != '=')
        return refuse(p, -EINVAL, "Not an SDP line");
    if (line[0] == 'm')
        return parse_media(p, line + 2);
    return line[0] == 'a' ? parse_attribute(p, line + 2) : 0;
}

static int parse_lines(struct parser *p)
{
    char *rest = p->sdp->text;
    size_t n_lines = 0;
    for (char *line; (line = strsep(&rest, "\n"));) {
        if (!*line)
            continue;
        if (n_lines == SDP_LINES_MAX)
            return refuse(p, -E2BIG, "Too many lines");
        if (parse_line(p, line, n_lines++ == 0))
            return p->error;
    }
    return n_lines ? 0 : refuse(p, -EINVAL, "Empty SDP");
}

static struct sdp_section *find_mid(struct sdp *sdp, const char *mid)
{
    for (size_t i = 0; i < sdp->n_sections; i++)
        if (strcmp(sdp->sections[i].mid, mid) == 0)
            return &sdp->sections[i];
    return NULL;
}

static int check_mids(struct parser *p)
{
    for (size_t i = 0; i < p->sdp->n_sections; i++) {
        struct sdp_section *s = &p->sdp->sections[i];
        if (*s->mid && find_mid(p->sdp, s->mid) != s)
            return refuse(p, -EINVAL, "Duplicate a=mid");
    }
    return 0;
}

/* Enters the BUNDLE groups (RFC 9143 7) into the sections, once all mids are known. */
static void resolve_bundles(struct parser *p)
{
    struct sdp *sdp = p->sdp;
    for (size_t i = 0; i < p->n_bundles; i++) {
        for (const char *mid; *(mid = sdp_text_word(&p->bundles[i]));) {
            struct sdp_section *s = find_mid(sdp, mid);
            if (!s || s->bundle)
                continue;
            s->bundle = (uint8_t)(i + 1);
            sdp->bundled[sdp->n_bundled++] = (uint8_t)(s - sdp->sections);
        }
    }
}

/* Copies the text without CRs, wherever they stand. */
static int clean(struct parser *p, const char *text, size_t len)
{
    char *out = p->sdp->text;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if ((c < ' ' && c != '\r' && c != '\n') || c == 0x7f)
            return refuse(p, -EINVAL, "Control character in SDP");
        if (c != '\r')
            *out++ = text[i];
    }
    *out = '\0';
    return 0;
}

static int parse(struct parser *p, const char *text, size_t len)
{
    if (clean(p, text, len) || parse_lines(p) || check_mids(p))
        return p->error;
    resolve_bundles(p);
    return 0;
}

int sdp_parse(const char *text, size_t len, struct sdp **out, const char **why)
{
    struct parser p = {.session = {.media = "",
                                   .protocol = "",
                                   .first_fmt = "",
                                   .mid = "",
                                   .ufrag = "",
                                   .pwd = "",
                                   .direction = SDP_SENDRECV}};
    *out = NULL;
    *why = "SDP too long";
    if (len > SDP_BYTES_MAX)
        return -E2BIG;
    *why = "Out of memory";
    p.sdp = malloc(sizeof(*p.sdp) + len + 1);
    if (!p.sdp)
        return -ENOMEM;
    p.sdp->n_sections = p.sdp->n_bundled = 0; /* sections are filled as they come */
    if (parse(&p, text, len)) {
        *why = p.why;
        sdp_destroy(p.sdp);
        return p.error;
    }
    *why = NULL;
    *out = p.sdp;
    return 0;
}

void sdp_destroy(struct sdp *sdp)
{
    free(sdp);
}

/* Reads "key=value" from one ;-separated piece. */
static bool read_parameter(const char *piece, size_t len, const char *key, const char **value, size_t *value_len)
{
    while (len && *piece == ' ')
        piece++, len--;
    while (len && piece[len - 1] == ' ')
        len--;
    size_t key_len = strlen(key);
    if (len <= key_len || piece[key_len] != '=' || strncasecmp(piece, key, key_len) != 0)
        return false;
    *value = piece + key_len + 1;
    *value_len = len - key_len - 1;
    return true;
}

bool sdp_format_number(const struct sdp_format *format, const char *key, unsigned base, uint32_t max, uint32_t *value)
{
    for (size_t i = 0; i < SDP_FMTPS_MAX && format->fmtp[i]; i++) {
        for (const char *piece = format->fmtp[i]; *piece;) {
            const char *text;
            size_t text_len, len = strcspn(piece, ";");
            if (read_parameter(piece, len, key, &text, &text_len))
                return sdp_text_number(text, text_len, base, max, value);
            piece += len + (piece[len] == ';');
        }
    }
    return true;
}
