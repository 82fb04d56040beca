/* SPDX-License-Identifier: MIT */
/* SRTP and SRTCP in bursts (RFC 3711, RFC 7714). The caller owns the packet indices and the replay window of SRTP; a
 * backend owns keys, transforms and the replay window of SRTCP, whose index is inside the packet. The interface batches
 * over packets, keys and profiles, and encrypts out of place, straight from the one clear packet into each receiver's
 * buffer. Jobs of one burst never overlap in memory; a burst is done in order, but for its memory traffic.
 *
 * Nonces: an index is protected again only with the same bytes (a retransmission on the original SSRC).
 *
 * Backends: intel-ipsec-mb where the CPU has what it needs, libsrtp elsewhere; both do the same, byte for byte.
 * Contexts are made and destroyed by the ctl thread (that may allocate) and used by one worker at a time, with the
 * engine of that worker. The libsrtp backend allocates once at the first packet of an SSRC, and refuses replayed SRTP
 * by a window of its own: the exceptions to "workers never allocate" and "no state", and a reason why it is the
 * reference and the fallback only. */
#ifndef ROOMLINE_DATAPLANE_SRTP_H
#define ROOMLINE_DATAPLANE_SRTP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/media.h"
#include "conf/conf.h"

struct srtp_ctx;    /* one direction of one session */
struct srtp_engine; /* what a worker needs for its bursts: scratch and crypto managers */

#define SRTP_TRAILER_MAX 24 /* SRTCP index 4 and the longest tag 16, rounded */

struct srtp_job {
    struct srtp_ctx *ctx;
    const uint8_t *src; /* protect: clear payload; NULL: it stands behind the header already. unprotect: unused */
    uint8_t
        *dst; /* protect: the header stands here, ciphertext and tag go behind it. unprotect: the packet, in place */
    uint16_t hdr_len; /* RTP header with CSRC and extension; SRTCP: 8 */
    uint16_t len;     /* in: protect: payload bytes, unprotect: the whole packet. out: the whole packet at dst */
    int16_t error;    /* out: 0, -EBADMSG (authentication), -EALREADY (replay), -EINVAL; then dst is undefined */
    uint64_t index;   /* SRTP: ROC << 16 | SEQ. SRTCP protect: 31 bits, from 1, one up per packet of a sender SSRC;
                         unprotect: unused */
};

/* tx: protects; otherwise unprotects. ctl thread. NULL on error. */
struct srtp_ctx *srtp_ctx_create(enum srtp_profile profile, const uint8_t *key, const uint8_t *salt, bool tx);
void srtp_ctx_destroy(struct srtp_ctx *ctx); /* cleanses */

uint16_t srtp_overhead(const struct srtp_ctx *ctx);  /* bytes that RTP protect adds */
uint16_t srtcp_overhead(const struct srtp_ctx *ctx); /* bytes that RTCP protect adds */

/* One per worker. Made and destroyed by any thread, used by one at a time. NULL: out of memory. */
struct srtp_engine *srtp_engine_create(void);
void srtp_engine_destroy(struct srtp_engine *engine); /* cleanses */

/* dst has room for the overhead behind the packet. SRTCP jobs: 8 + the rest, in place or not. */
void srtp_protect_burst(struct srtp_engine *engine, struct srtp_job *jobs, uint32_t n);
void srtp_unprotect_burst(struct srtp_engine *engine, struct srtp_job *jobs, uint32_t n);
void srtcp_protect_burst(struct srtp_engine *engine, struct srtp_job *jobs, uint32_t n);
void srtcp_unprotect_burst(struct srtp_engine *engine, struct srtp_job *jobs, uint32_t n);

const char *srtp_backend(void); /* "libsrtp2 2.5.0", for the log and statistics */
uint64_t srtp_profiles(void);   /* 1 << enum srtp_profile that work here */

/* Chooses the backend, once, before any context or engine. 0, -ENOTSUP: this CPU or build has it not, or -EIO. */
int srtp_global_init(enum conf_srtp_backend choice);
void srtp_global_finish(void); /* after the last */

#endif
