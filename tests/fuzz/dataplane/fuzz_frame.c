/* SPDX-License-Identifier: MIT */
/* Raw frames through the whole pipeline of a worker that has one session with a stream and a player. Input: frames,
 * each behind its length in 2 bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put(struct plain *p, enum dp_msg type, void *msg, size_t len)
{
    *(struct dp_head *)msg = (struct dp_head){.type = (uint16_t)type, .len = (uint16_t)len};
    if (objects_on_message(&p->objects, msg, len) != 0)
        abort();
    plain_run(p, NULL, 0);
}

static void install(struct plain *p)
{
    for (uint32_t n = 1; n <= 2; n++) {
        struct dp_session_put session = {.id = n, .remote_ufrag = "theirs1"};
        struct dp_keys_put keys = {.id = n, .profile = SRTP_PROFILE_AEAD_AES_128_GCM, .rx_key = {(uint8_t)n}};
        snprintf(session.local_ufrag, sizeof(session.local_ufrag), "ours%u", n);
        snprintf(session.local_pwd, sizeof(session.local_pwd), "password-of-session-%05u", n);
        put(p, DP_SESSION_PUT, &session, sizeof(session));
        put(p, DP_KEYS_PUT, &keys, sizeof(keys));
    }
    struct dp_stream_put stream = {.kind = MEDIA_VIDEO,
                                   .codec = CODEC_VP8,
                                   .id = 10,
                                   .session = 1,
                                   .clock_hz = 90000,
                                   .rtp = {.pt = 96, .rtx_pt = 97, .feedback = DP_FB_NACK | DP_FB_PLI}};
    struct dp_subscription_put sub = {
        .id = 20, .session = 2, .stream = 10, .rtp = {.ssrc = 5, .pt = 96, .rtx_pt = DP_PT_NONE}, .cname = "c"};
    put(p, DP_STREAM_PUT, &stream, sizeof(stream));
    put(p, DP_SUBSCRIPTION_PUT, &sub, sizeof(sub));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct plain *p = plain_get();

    if (!p->objects.sessions)
        install(p);
    plain_run(p, data, size);
    return 0;
}
