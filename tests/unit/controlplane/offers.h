/* SPDX-License-Identifier: MIT */
/* Offers and golden answers of tests/data, and what the tests of SDP share: whole files, the local side of an answer.
 */
#ifndef ROOMLINE_TESTS_OFFERS_H
#define ROOMLINE_TESTS_OFFERS_H

#include <stdio.h>
#include <stdlib.h>

#include "controlplane/negotiate.h"

static const char *data_dir; /* tests/data, the program's argument */

/* The file as a heap string, NULL when it is not there. name: relative to tests/data. */
static inline char *read_data(const char *name, size_t *len)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", data_dir, name);
    FILE *f = fopen(path, "rb");
    if (!f)
        return NULL;
    char *text = malloc(SDP_BYTES_MAX + 1);
    *len = text ? fread(text, 1, SDP_BYTES_MAX, f) : 0;
    fclose(f);
    if (text)
        text[*len] = '\0';
    return text;
}

/* An offer of tests/data, parsed; NULL when it is missing or refused. */
static inline struct sdp *read_offer(const char *name)
{
    struct sdp *sdp = NULL;
    const char *why = "no such file";
    size_t len;
    char *text = read_data(name, &len);
    if (!text || sdp_parse(text, len, &sdp, &why))
        fprintf(stderr, "%s: %s\n", name, why);
    free(text);
    return sdp;
}

static const struct negotiate_conf default_conf = {
    {CODEC_H264, CODEC_VP8, CODEC_VP9, CODEC_AV1, CODEC_OPUS, CODEC_PCMU, CODEC_PCMA}, 7};

static const struct sdp_local test_local = {
    .ufrag = "rlufrag1",
    .pwd = "rlpasswordrlpasswordrlpa",
    .fingerprint_sha256 = "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:"
                          "10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F",
    .port = 31001,
    .addrs = {"192.0.2.10", "2001:db8::10"},
    .n_addrs = 2,
    .cname = "roomline-test",
    .msid = "stream-1",
    .session_id = 1234567890123456789u,
};

/* What the caller of negotiate_play owes: our SSRCs. */
static inline void set_ssrcs(struct negotiated *n)
{
    for (size_t i = 0; i < n->n_sections; i++) {
        struct negotiated_section *s = &n->sections[i];
        if (!s->accepted)
            continue;
        s->rtp.ssrc = 1000 + (uint32_t)i;
        s->rtp.rtx_ssrc = s->rtp.rtx_pt != DP_PT_NONE ? 2000 + (uint32_t)i : 0;
    }
}

#endif
