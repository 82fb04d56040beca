/* SPDX-License-Identifier: MIT */
/* Inside the intel-ipsec-mb backend: the keys of a context, made in srtp_mb_ctx.c and used in srtp_mb.c. */
#ifndef ROOMLINE_DATAPLANE_SRTP_MB_H
#define ROOMLINE_DATAPLANE_SRTP_MB_H

#include <intel-ipsec-mb.h>

#include "common/util.h"
#include "dataplane/srtcp_replay.h"
#include "dataplane/srtp_backend.h"

#define MB_CM         SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80
#define MB_SHA1_BYTES 20

struct mb_cm_keys {
    uint8_t enc[16 * 11] __attribute__((aligned(16)));
    uint8_t inner[MB_SHA1_BYTES], outer[MB_SHA1_BYTES]; /* SHA-1 states behind the key blocks of HMAC */
};

/* The first line and the keys of RTP are hot. SRTCP is rare: for GCM its key is expanded for every packet, which costs
 * less than to keep a second table of a thousand bytes per session. */
struct mb_ctx {
    struct srtp_ctx base;
    enum srtp_profile profile;
    uint8_t salt[2][16];         /* by rtcp; zeros behind its end */
    struct srtcp_replay *replay; /* NULL: protects */
    union {
        struct mb_cm_keys cm[2]; /* by rtcp */
        struct {
            struct gcm_key_data rtp;
            uint8_t rtcp[SRTP_KEY_BYTES_MAX];
        } gcm;
    } __attribute__((aligned(64)));
};

_Static_assert(offsetof(struct mb_ctx, cm) == 64, "one line before the keys");

/* A manager for key schedules: of the same kind as every engine's, since their layout is the CPU's. ctl thread. */
int srtp_mb_ctx_init(void); /* 0, -EIO, or -ENOTSUP: this CPU has no AES-NI, or the library's self-test failed */
void srtp_mb_ctx_finish(void);
const char *srtp_mb_ctx_name(void); /* of library and instruction set */

struct srtp_ctx *srtp_mb_ctx_create(enum srtp_profile profile, const uint8_t *key, const uint8_t *salt, bool tx);
void srtp_mb_ctx_destroy(struct srtp_ctx *ctx);

#endif
