/* SPDX-License-Identifier: MIT */
/* fake_media: DTLS by script, and a dataplane that checks its contract. */
#include "fake_media.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "controlplane/dp.h"
#include "controlplane/dtls.h"

void check_contract(bool holds, const char *what, const char *file, int line)
{
    if (holds)
        return;
    fprintf(stderr, "%s:%d: contract broken: %s\n", file, line, what);
    abort();
}

/* DTLS */

struct dtls {
    struct dtls_conf conf;
    enum dtls_state state;
    const char *error;
};

struct dtls_ctx *fake_dtls_ctx(void)
{
    static char ctx;
    return (struct dtls_ctx *)(void *)&ctx;
}

const char *dtls_ctx_fingerprint(const struct dtls_ctx *ctx)
{
    return "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F";
}

struct dtls *dtls_create(struct dtls_ctx *ctx, const struct dtls_conf *conf)
{
    struct dtls *d = calloc(1, sizeof(*d));
    CHECK(d && ctx == fake_dtls_ctx() && conf->fingerprint_bytes == 32);
    d->conf = *conf;
    d->state = DTLS_HANDSHAKE;
    return d;
}

void dtls_destroy(struct dtls *d)
{
    if (d && d->state == DTLS_ESTABLISHED)
        d->conf.send(d->conf.arg, (const uint8_t *)"close", 5);
    free(d);
}

enum dtls_state dtls_start(struct dtls *d)
{
    CHECK(d->conf.active);
    d->conf.send(d->conf.arg, (const uint8_t *)"hello", 5);
    return d->state;
}

enum dtls_state dtls_on_datagram(struct dtls *d, const uint8_t *bytes, size_t len)
{
    if (d->state == DTLS_FAILED || d->state == DTLS_CLOSED || !len)
        return d->state;
    switch (bytes[0]) {
    case 'E':
        d->state = DTLS_ESTABLISHED;
        break;
    case 'X':
    case 'P':
        d->state = DTLS_FAILED;
        d->error = bytes[0] == 'P' ? "Failed by DTLS fingerprint error" : "Failed by DTLS error";
        break;
    case 'C':
        d->state = DTLS_CLOSED;
        break;
    default:
        d->conf.send(d->conf.arg, (const uint8_t *)"flight", 6);
    }
    return d->state;
}

enum dtls_state dtls_on_timer(struct dtls *d)
{
    CHECK(d->state == DTLS_HANDSHAKE);
    d->conf.send(d->conf.arg, (const uint8_t *)"flight", 6);
    return d->state;
}

int64_t dtls_timeout_us(struct dtls *d)
{
    return d->state == DTLS_HANDSHAKE ? 1000000 : -1;
}

int dtls_export_keys(struct dtls *d, struct dtls_keys *out)
{
    CHECK(d->state == DTLS_ESTABLISHED);
    *out = (struct dtls_keys){.profile = SRTP_PROFILE_AEAD_AES_128_GCM};
    return 0;
}

const char *dtls_error(const struct dtls *d)
{
    CHECK(d->state == DTLS_FAILED);
    return d->error;
}

/* Dataplane */

struct object {
    uint64_t id, session, stream; /* what it hangs on; 0: nothing */
    enum dp_msg type;
    uint32_t worker;
    bool keys, tapped;
    UT_hash_handle hh;
};

struct dp {
    bool up;
    uint64_t last_id;
    struct object *objects;
    struct dp_hello hello;
};

struct dp *fake_dp_create(void)
{
    struct dp *dp = calloc(1, sizeof(*dp));
    CHECK(dp != NULL);
    dp->up = true;
    dp->last_id = UINT64_C(7) << 32;
    dp->hello.n_workers = 2;
    dp->hello.media_port[0] = 31001;
    dp->hello.media_port[1] = 31002;
    return dp;
}

void fake_dp_forget(struct dp *dp)
{
    struct object *o, *next;
    HASH_ITER (hh, dp->objects, o, next) {
        HASH_DEL(dp->objects, o);
        free(o);
    }
}

void fake_dp_destroy(struct dp *dp)
{
    fake_dp_forget(dp);
    free(dp);
}

void fake_dp_set_up(struct dp *dp, bool up)
{
    dp->up = up;
}

static struct object *find(const struct dp *dp, uint64_t id)
{
    struct object *o;
    HASH_FIND(hh, dp->objects, &id, sizeof(id), o);
    return o;
}

static bool is(const struct object *o, enum dp_msg type)
{
    return o && o->type == type;
}

static struct object *add(struct dp *dp, enum dp_msg type, uint64_t id)
{
    struct object *o = calloc(1, sizeof(*o));
    CHECK(o && id && id <= dp->last_id && !find(dp, id));
    o->type = type;
    o->id = id;
    HASH_ADD(hh, dp->objects, id, sizeof(o->id), o);
    return o;
}

size_t fake_dp_objects(const struct dp *dp)
{
    return HASH_COUNT(dp->objects);
}

bool fake_dp_has_keys(const struct dp *dp, uint64_t session)
{
    const struct object *o = find(dp, session);
    return is(o, DP_SESSION_PUT) && o->keys;
}

unsigned fake_dp_session_worker(const struct dp *dp, uint64_t session)
{
    CHECK(is(find(dp, session), DP_SESSION_PUT));
    return find(dp, session)->worker;
}

bool dp_is_frozen(const struct dp *dp)
{
    return false;
}

bool dp_is_up(const struct dp *dp)
{
    return dp->up;
}

const struct dp_hello *dp_hello(const struct dp *dp)
{
    CHECK(dp->up);
    return &dp->hello;
}

uint64_t dp_new_id(struct dp *dp)
{
    return ++dp->last_id;
}

void dp_put_session(struct dp *dp, const struct dp_session_put *m)
{
    CHECK(m->worker < dp->hello.n_workers);
    CHECK(strlen(m->local_ufrag) >= 4 && strlen(m->local_pwd) >= 22 && *m->remote_ufrag);
    add(dp, DP_SESSION_PUT, m->id)->worker = m->worker;
}

void dp_put_keys(struct dp *dp, const struct dp_keys_put *m)
{
    struct object *session = find(dp, m->id);
    CHECK(is(session, DP_SESSION_PUT) && !session->keys && m->profile != SRTP_PROFILE_NONE);
    session->keys = true;
}

void dp_put_stream(struct dp *dp, const struct dp_stream_put *m)
{
    CHECK(is(find(dp, m->session), DP_SESSION_PUT) && m->clock_hz && m->codec != CODEC_NONE);
    add(dp, DP_STREAM_PUT, m->id)->session = m->session;
}

void dp_put_subscription(struct dp *dp, const struct dp_subscription_put *m)
{
    struct object *stream = find(dp, m->stream), *session = find(dp, m->session);
    CHECK(is(stream, DP_STREAM_PUT) && is(session, DP_SESSION_PUT) && m->rtp.ssrc && *m->cname);
    CHECK((m->rtp.rtx_pt == DP_PT_NONE) == (m->rtp.rtx_ssrc == 0) && m->rtp.rtx_ssrc != m->rtp.ssrc);
    session->worker = find(dp, stream->session)->worker; /* it follows */
    struct object *o = add(dp, DP_SUBSCRIPTION_PUT, m->id);
    o->session = m->session;
    o->stream = m->stream;
}

static void del(struct dp *dp, uint64_t id)
{
    struct object *o = find(dp, id), *next;
    if (!o)
        return;
    HASH_DEL(dp->objects, o);
    free(o);
    for (bool again = true; again;) {
        again = false;
        HASH_ITER (hh, dp->objects, o, next) {
            if ((o->session && !find(dp, o->session)) || (o->stream && !find(dp, o->stream))) {
                HASH_DEL(dp->objects, o);
                free(o);
                again = true;
                break;
            }
        }
    }
}

void dp_put_tap(struct dp *dp, uint64_t stream)
{
    struct object *o = find(dp, stream);
    CHECK(is(o, DP_STREAM_PUT) && !o->tapped);
    o->tapped = true;
}

void dp_del_tap(struct dp *dp, uint64_t stream)
{
    struct object *o = find(dp, stream);
    CHECK(!o || o->tapped); /* none: it was lost with the dataplane */
    if (o)
        o->tapped = false;
}

bool fake_dp_is_tapped(const struct dp *dp, uint64_t stream)
{
    const struct object *o = find(dp, stream);
    return is(o, DP_STREAM_PUT) && o->tapped;
}

void dp_del_session(struct dp *dp, uint64_t id)
{
    del(dp, id);
}

void dp_request_keyframe(struct dp *dp, uint64_t stream)
{
    CHECK(!find(dp, stream) || is(find(dp, stream), DP_STREAM_PUT)); /* asking a moment too late is no fault */
}

void dp_move_session(struct dp *dp, uint64_t session, uint32_t worker)
{
    CHECK(is(find(dp, session), DP_SESSION_PUT) && worker < dp->hello.n_workers);
    for (struct object *o = dp->objects; o; o = o->hh.next)
        if (o->type == DP_SUBSCRIPTION_PUT && find(dp, o->stream)->session == session)
            find(dp, o->session)->worker = worker;
    find(dp, session)->worker = worker;
}

void dp_send_dtls(struct dp *dp, uint64_t session, uint16_t tuple, const uint8_t *bytes, size_t len)
{
    CHECK(len && len <= DTLS_MTU);
}
