/* SPDX-License-Identifier: MIT */
/* What a backend of srtp.h is: its functions, one call for a whole burst. */
#ifndef ROOMLINE_DATAPLANE_SRTP_BACKEND_H
#define ROOMLINE_DATAPLANE_SRTP_BACKEND_H

#include "dataplane/srtp.h"

/* As their namesakes in srtp.h. Contexts and engines work with those of the same backend only. */
struct srtp_backend {
    int (*init)(void); /* -ENOTSUP: not on this CPU */
    void (*finish)(void);
    const char *(*name)(void);
    struct srtp_engine *(*engine_create)(void);
    void (*engine_destroy)(struct srtp_engine *engine);
    struct srtp_ctx *(*ctx_create)(enum srtp_profile profile, const uint8_t *key, const uint8_t *salt, bool tx);
    void (*ctx_destroy)(struct srtp_ctx *ctx);
    void (*protect)(struct srtp_engine *engine, struct srtp_job *jobs, uint32_t n);
    void (*unprotect)(struct srtp_engine *engine, struct srtp_job *jobs, uint32_t n);
    void (*protect_rtcp)(struct srtp_engine *engine, struct srtp_job *jobs, uint32_t n);
    void (*unprotect_rtcp)(struct srtp_engine *engine, struct srtp_job *jobs, uint32_t n);
};

/* A backend's own contexts and engines begin with these. */
struct srtp_ctx {
    const struct srtp_backend *backend;
    uint16_t overhead, rtcp_overhead;
};

struct srtp_engine {
    const struct srtp_backend *backend;
};

extern const struct srtp_backend srtp_ref; /* libsrtp */
#ifdef ROOMLINE_IPSEC_MB
extern const struct srtp_backend srtp_mb; /* intel-ipsec-mb */
#endif

#endif
