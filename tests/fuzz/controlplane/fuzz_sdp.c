/* SPDX-License-Identifier: MIT */
/* SDP: the input is a publisher's offer and, after a NUL (which no offer may hold), a subscriber's; alone it is both.
 * Whatever is accepted must be answerable, and the answer must read back with the m-lines of the offer. */
#include <stdlib.h>
#include <string.h>

#include "controlplane/negotiate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static const struct sdp_local local = {
    .ufrag = "rlufrag1",
    .pwd = "rlpasswordrlpasswordrlpa",
    .fingerprint_sha256 = "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:"
                          "10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F",
    .port = 31001,
    .addrs = {"192.0.2.10", "2001:db8::10"},
    .n_addrs = 2,
    .cname = "cname",
    .msid = "msid",
};

static struct sdp *parse(const char *text, size_t len)
{
    struct sdp *sdp;
    const char *why = NULL;
    int error = sdp_parse(text, len, &sdp, &why);
    require(error ? error < 0 && !sdp && why : sdp != NULL);
    return sdp;
}

static void check_answer(const struct negotiated *n)
{
    static char buf[65536];
    size_t accepted = 0;
    int len = sdp_write_answer(n, &local, buf, sizeof(buf));
    require(len > 0 && (size_t)len == strlen(buf));
    struct sdp *answer = parse(buf, (size_t)len);
    require(answer && answer->n_sections == n->n_sections);
    for (size_t i = 0; i < n->n_sections; i++) {
        const struct sdp_section *s = &answer->sections[i];
        require(strcmp(s->mid, n->sections[i].mid) == 0 && strcmp(s->media, n->sections[i].media) == 0);
        require((s->port != 0) == n->sections[i].accepted);
        accepted += n->sections[i].accepted;
        if (n->sections[i].accepted) {
            struct codec_params params;
            require(s->formats[0].pt == n->sections[i].rtp.pt);
            require(sdp_codec_parse(&s->formats[0], &params) == n->sections[i].codec);
        }
    }
    require(accepted >= 1 && accepted <= 2);
    sdp_destroy(answer);
}

static void play(const char *text, size_t len, const struct negotiated *publisher)
{
    struct negotiated n;
    const char *info;
    struct sdp *offer = parse(text, len);
    if (offer && negotiate_play(offer, publisher, &n, &info) == 0) {
        for (size_t i = 0; i < n.n_sections; i++)
            n.sections[i].rtp.ssrc = 1000 + (uint32_t)i;
        check_answer(&n);
    }
    sdp_destroy(offer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct negotiate_conf conf = {
        {CODEC_H264, CODEC_VP8, CODEC_VP9, CODEC_AV1, CODEC_OPUS, CODEC_PCMU, CODEC_PCMA}, 7};
    const char *text = (const char *)data;
    size_t len = strnlen(text, size);
    struct negotiated publisher;
    const char *info = NULL;
    struct sdp *offer = parse(text, len);
    if (offer && negotiate_publish(offer, &conf, &publisher, &info) == 0) {
        check_answer(&publisher);
        if (len < size)
            play(text + len + 1, size - len - 1, &publisher);
        play(text, len, &publisher);
    } else if (offer) {
        require(info != NULL);
    }
    sdp_destroy(offer);
    return 0;
}
