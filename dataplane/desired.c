/* SPDX-License-Identifier: MIT */
/* The controlplane's messages: desired state. A PUT that repeats what is there is no change; one that contradicts it is
 * refused; every one is acknowledged. */
#include <assert.h>
#include <errno.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "common/util.h"
#include "dataplane/arrivals.h"
#include "dataplane/groups.h"
#include "dataplane/line.h"
#include "dataplane/objects.h"
#include "dataplane/worker.h"

#define SUBSCRIPTIONS_PER_SESSION 16 /* on average */
#define FAN_ROOM_MIN              4
#define UFRAG_MIN                 4 /* ice-chars, RFC 8839 5.4 */
#define PWD_MIN                   22

static void attach(struct objects *o, struct session_object *so, enum noun noun, void *object,
                   const struct mail_attach *mail)
{
    struct rte_mbuf *m = objects_command(o, &so->session);
    pkt(m)->object = object;
    pkt(m)->noun = (uint8_t)noun;
    *rte_pktmbuf_mtod(m, struct mail_attach *) = *mail;
    objects_send(o, so, m, MAIL_ATTACH);
}

/* ---- Sessions ---- */

static bool is_text(const char *s, size_t size, size_t min)
{
    size_t len = strnlen(s, size);
    return len >= min && len < size;
}

static bool same_session(const struct dp_session_put *a, const struct dp_session_put *b)
{
    return strcmp(a->local_ufrag, b->local_ufrag) == 0 && strcmp(a->local_pwd, b->local_pwd) == 0 &&
           strcmp(a->remote_ufrag, b->remote_ufrag) == 0; /* not the worker: it may have been moved since */
}

static struct session_object *make_session(struct objects *o, const struct dp_session_put *put)
{
    struct session_object *so = line_alloc(sizeof(*so));
    if (!so)
        return NULL;
    struct session *s = &so->session;
    so->put = *put;
    so->worker = put->worker;
    s->id = put->id;
    atomic_init(&s->owner, put->worker);
    LIST_INIT(&s->subs);
    s->rtcp_ssrc = objects_random(o) | 1;
    so->ssrcs[so->n_ssrcs++] = s->rtcp_ssrc;
    s->ice.send = TUPLE_NONE;
    s->ice.dtls = TUPLE_NONE;
    memcpy(s->ice.local_ufrag, put->local_ufrag, sizeof(s->ice.local_ufrag));
    memcpy(s->ice.remote_ufrag, put->remote_ufrag, sizeof(s->ice.remote_ufrag));
    stun_key_init(&s->ice.key, put->local_pwd, strlen(put->local_pwd));
    return so;
}

static int on_session_put(struct objects *o, const struct dp_session_put *put)
{
    if (put->worker >= o->conf->n_workers || put->id == 0 ||
        !is_text(put->local_ufrag, sizeof(put->local_ufrag), UFRAG_MIN) ||
        !is_text(put->local_pwd, sizeof(put->local_pwd), PWD_MIN) ||
        !is_text(put->remote_ufrag, sizeof(put->remote_ufrag), UFRAG_MIN))
        return -EINVAL;
    struct session_object *so = objects_session(o, put->id);
    if (so)
        return same_session(&so->put, put) ? 0 : -EEXIST;
    if (HASH_COUNT(o->sessions) >= o->conf->max_sessions)
        return -ENOSPC;
    if (o->n_held >= o->conf->max_sessions)
        return -EAGAIN;
    so = make_session(o, put);
    if (!so)
        return -ENOMEM;
    int err = tables_add_ufrag(o->tables, put->local_ufrag, &so->session);
    if (err) {
        explicit_bzero(so, sizeof(*so));
        free(so);
        return err;
    }
    HASH_ADD(hh, o->sessions, session.id, sizeof(so->session.id), so);
    o->n_held++;
    attach(o, so, NOUN_SESSION, &so->session, &(struct mail_attach){0});
    return 0;
}

static int on_session_del(struct objects *o, const struct dp_del *del)
{
    struct session_object *so = objects_session(o, del->id);
    if (so)
        objects_doom_session(o, so);
    return 0;
}

/* ---- Keys: once in a session's life ---- */

static void digest_keys(const struct dp_keys_put *put, uint8_t digest[SHA256_DIGEST_LENGTH])
{
    size_t from = offsetof(struct dp_keys_put, profile); /* neither the head nor the padding at the end */
    SHA256((const uint8_t *)put + from, offsetof(struct dp_keys_put, tx_salt) + sizeof(put->tx_salt) - from, digest);
}

static bool make_contexts(struct mail_keys *keys, const struct dp_keys_put *put)
{
    enum srtp_profile profile = (enum srtp_profile)put->profile;
    keys->rx = srtp_ctx_create(profile, put->rx_key, put->rx_salt, false);
    keys->tx = srtp_ctx_create(profile, put->tx_key, put->tx_salt, true);
    if (keys->rx && keys->tx)
        return true;
    srtp_ctx_destroy(keys->rx);
    srtp_ctx_destroy(keys->tx);
    *keys = (struct mail_keys){0};
    return false;
}

static int on_keys_put(struct objects *o, const struct dp_keys_put *put)
{
    uint8_t digest[SHA256_DIGEST_LENGTH];
    struct session_object *so = objects_session(o, put->id);

    if (!so)
        return -ENOENT;
    if (put->profile == SRTP_PROFILE_NONE || put->profile >= SRTP_PROFILE_COUNT ||
        !(srtp_profiles() >> put->profile & 1))
        return -EINVAL;
    digest_keys(put, digest);
    if (so->has_keys)
        return memcmp(so->keys_digest, digest, sizeof(digest)) == 0 ? 0 : -EEXIST;
    if (!make_contexts(&so->keys, put))
        return -ENOMEM;
    so->has_keys = true;
    memcpy(so->keys_digest, digest, sizeof(digest));
    struct rte_mbuf *m = objects_command(o, &so->session);
    *rte_pktmbuf_mtod(m, struct mail_keys *) = so->keys;
    objects_send(o, so, m, MAIL_KEYS);
    return 0;
}

/* ---- Streams ---- */

static struct stream_object *make_stream(struct objects *o, struct session_object *so, const struct dp_stream_put *put)
{
    struct stream_object *st = line_alloc(sizeof(*st));
    if (!st)
        return NULL;
    struct stream *s = &st->stream;
    s->id = put->id;
    s->session = &so->session;
    s->codec = (enum codec)put->codec;
    s->kind = (enum media_kind)put->kind;
    s->clock_hz = put->clock_hz;
    s->rtp = put->rtp;
    s->put = *put;
    st->session = so;
    bool repaired = s->kind == MEDIA_VIDEO || put->rtp.feedback & DP_FB_NACK; /* by us, for subscribers */
    if (history_init(&s->history, repaired ? o->conf->history_packets : 0) != 0) {
        free(st);
        return NULL;
    }
    return st;
}

/* Without the padding at its end, which is nobody's. */
static bool same_rtp(const struct dp_rtp *a, const struct dp_rtp *b)
{
    return memcmp(a, b, offsetof(struct dp_rtp, ext) + sizeof(a->ext)) == 0;
}

static bool same_stream(const struct dp_stream_put *a, const struct dp_stream_put *b)
{
    return a->kind == b->kind && a->codec == b->codec && a->session == b->session && a->clock_hz == b->clock_hz &&
           a->max_kbps == b->max_kbps && same_rtp(&a->rtp, &b->rtp) && strcmp(a->mid, b->mid) == 0;
}

static bool stream_is_valid(const struct dp_stream_put *put)
{
    return put->id != 0 && put->kind < MEDIA_KINDS && put->codec > CODEC_NONE && put->codec < CODEC_COUNT &&
           put->clock_hz > 0 && put->rtp.pt < 128 && (put->rtp.rtx_pt < 128 || put->rtp.rtx_pt == DP_PT_NONE) &&
           memchr(put->mid, '\0', sizeof(put->mid));
}

static int on_stream_put(struct objects *o, const struct dp_stream_put *put)
{
    struct arrivals *arrivals = NULL;
    struct stream_object *st = objects_stream(o, put->id);
    struct session_object *so = objects_session(o, put->session);

    if (!stream_is_valid(put))
        return -EINVAL;
    if (st)
        return same_stream(&st->stream.put, put) ? 0 : -EEXIST;
    if (!so)
        return -ENOENT;
    if (so->lost_stream)
        return -ESTALE; /* its SSRC may be the one that went: what was received once would be new again */
    if (so->n_streams == DP_STREAMS_MAX)
        return -ENOSPC;
    bool wants_arrivals = put->rtp.feedback & DP_FB_TRANSPORT_CC && put->rtp.ext[RTP_EXT_TRANSPORT_CC] != DP_EXT_NONE;
    if (wants_arrivals && !so->has_arrivals && !(arrivals = arrivals_create()))
        return -ENOMEM;
    st = make_stream(o, so, put);
    if (!st) {
        arrivals_destroy(arrivals);
        return -ENOMEM;
    }
    so->has_arrivals = so->has_arrivals || arrivals;
    so->n_streams++;
    LIST_INSERT_HEAD(&so->streams, st, of_session);
    HASH_ADD(hh, o->streams, stream.id, sizeof(st->stream.id), st);
    attach(o, so, NOUN_STREAM, &st->stream, &(struct mail_attach){.arrivals = arrivals});
    return 0;
}

static int on_stream_del(struct objects *o, const struct dp_del *del)
{
    struct stream_object *st = objects_stream(o, del->id);
    if (st)
        objects_doom_stream(o, st);
    return 0;
}

/* ---- Subscriptions ---- */

/* Under one key a sender SSRC starts once: its indices begin anew with each subscription. */
static bool ssrc_was_used(const struct session_object *so, uint32_t ssrc)
{
    for (uint32_t i = 0; i < so->n_ssrcs; i++)
        if (so->ssrcs[i] == ssrc)
            return true;
    return false;
}

static bool subscription_is_valid(const struct dp_subscription_put *put)
{
    return put->id != 0 && put->rtp.ssrc != 0 && put->rtp.ssrc != put->rtp.rtx_ssrc && put->rtp.pt < 128 &&
           (put->rtp.rtx_pt < 128 || put->rtp.rtx_pt == DP_PT_NONE) && is_text(put->cname, sizeof(put->cname), 1);
}

static bool same_subscription(const struct dp_subscription_put *a, const struct dp_subscription_put *b)
{
    return a->session == b->session && a->stream == b->stream && same_rtp(&a->rtp, &b->rtp) &&
           strcmp(a->cname, b->cname) == 0;
}

static int may_subscribe(const struct objects *o, const struct session_object *so,
                         const struct dp_subscription_put *put)
{
    if (ssrc_was_used(so, put->rtp.ssrc) || (put->rtp.rtx_ssrc && ssrc_was_used(so, put->rtp.rtx_ssrc)))
        return -EADDRINUSE;
    uint64_t max = (uint64_t)o->conf->max_sessions * SUBSCRIPTIONS_PER_SESSION;
    if (HASH_COUNT(o->subscriptions) >= max || so->n_ssrcs + 2 > OBJECTS_SSRCS_MAX)
        return -ENOSPC;
    return 0;
}

static int on_subscription_put(struct objects *o, const struct dp_subscription_put *put)
{
    if (!subscription_is_valid(put))
        return -EINVAL;
    struct subscription_object *sub = objects_subscription(o, put->id);
    if (sub)
        return same_subscription(&sub->sub.put, put) ? 0 : -EEXIST;
    struct session_object *so = objects_session(o, put->session);
    struct stream_object *st = objects_stream(o, put->stream);
    if (!so || !st)
        return -ENOENT;
    int err = may_subscribe(o, so, put);
    if (!err)
        err = groups_bring_together(o, so, st);
    if (err)
        return err;
    struct fan *fan = NULL;
    if (st->n_subs == st->room && !(fan = fan_create(MAX(2 * st->room, FAN_ROOM_MIN))))
        return -ENOMEM;
    sub = line_alloc(sizeof(*sub));
    if (!sub) {
        fan_destroy(fan);
        return -ENOMEM;
    }
    sub->sub.id = put->id;
    sub->sub.session = &so->session;
    sub->sub.stream = &st->stream;
    sub->sub.rtp = put->rtp;
    sub->sub.put = *put;
    sub->session = so;
    so->ssrcs[so->n_ssrcs++] = put->rtp.ssrc;
    if (put->rtp.rtx_ssrc)
        so->ssrcs[so->n_ssrcs++] = put->rtp.rtx_ssrc;
    LIST_INSERT_HEAD(&so->subs, sub, of_session);
    LIST_INSERT_HEAD(&st->subs, sub, of_stream);
    HASH_ADD(hh, o->subscriptions, sub.id, sizeof(sub->sub.id), sub);
    st->n_subs++;
    st->room = fan ? fan->room : st->room;
    attach(o, so, NOUN_SUBSCRIPTION, &sub->sub, &(struct mail_attach){.fan = fan});
    return 0;
}

static int on_subscription_del(struct objects *o, const struct dp_del *del)
{
    struct subscription_object *sub = objects_subscription(o, del->id);
    if (sub)
        objects_doom_subscription(o, sub);
    return 0;
}

/* ---- What is asked of a stream ---- */

static void tell_stream(struct objects *o, struct stream_object *st, enum mail mail)
{
    struct rte_mbuf *m = objects_command(o, &st->session->session);
    pkt(m)->object = &st->stream;
    objects_send(o, st->session, m, mail);
}

static int on_keyframe_request(struct objects *o, const struct dp_del *del)
{
    struct stream_object *st = objects_stream(o, del->id);
    if (!st)
        return -ENOENT;
    tell_stream(o, st, MAIL_KEYFRAME);
    return 0;
}

static int on_tap_put(struct objects *o, const struct dp_del *tap)
{
    struct stream_object *st = objects_stream(o, tap->id);
    if (!st)
        return -ENOENT;
    if (!o->post.workers[0]->tap.data)
        return -ENODEV;
    if (!st->tapped)
        tell_stream(o, st, MAIL_TAP);
    st->tapped = true;
    return 0;
}

static int on_tap_del(struct objects *o, const struct dp_del *tap)
{
    struct stream_object *st = objects_stream(o, tap->id);
    if (st && st->tapped) {
        tell_stream(o, st, MAIL_UNTAP);
        st->tapped = false;
    }
    return 0;
}

/* ---- Moves ---- */

static int on_session_move(struct objects *o, const struct dp_session_move *move)
{
    struct session_object *so = objects_session(o, move->id);

    if (!so)
        return -ENOENT;
    return move->worker < o->conf->n_workers ? groups_move(o, so, move->worker, move->id) : -EINVAL;
}

/* ---- Dispatch ---- */

static void ack(struct objects *o, enum dp_msg type, uint64_t id, int error)
{
    struct dp_ack a = {.head = {.type = DP_ACK, .len = sizeof(a)}, .type = (uint16_t)type, .error = error, .id = id};
    o->ops->on_ack(o->arg, &a);
}

void objects_move_done(struct objects *o)
{
    if (o->move_id)
        ack(o, DP_SESSION_MOVE, o->move_id, 0);
}

/* Messages that name their object and say no more. */
static int (*const named[DP_MSG_COUNT])(struct objects *, const struct dp_del *) = {
    [DP_SESSION_DEL] = on_session_del,
    [DP_STREAM_DEL] = on_stream_del,
    [DP_SUBSCRIPTION_DEL] = on_subscription_del,
    [DP_KEYFRAME_REQUEST] = on_keyframe_request,
    [DP_TAP_PUT] = on_tap_put,
    [DP_TAP_DEL] = on_tap_del,
};

static int handle(struct objects *o, enum dp_msg type, const void *msg, uint64_t *id)
{
    switch (type) {
    case DP_SESSION_PUT:
        *id = ((const struct dp_session_put *)msg)->id;
        return on_session_put(o, msg);
    case DP_KEYS_PUT:
        *id = ((const struct dp_keys_put *)msg)->id;
        return on_keys_put(o, msg);
    case DP_STREAM_PUT:
        *id = ((const struct dp_stream_put *)msg)->id;
        return on_stream_put(o, msg);
    case DP_SUBSCRIPTION_PUT:
        *id = ((const struct dp_subscription_put *)msg)->id;
        return on_subscription_put(o, msg);
    case DP_SESSION_MOVE:
        *id = ((const struct dp_session_move *)msg)->id;
        return on_session_move(o, msg);
    case DP_SESSION_DEL:
    case DP_STREAM_DEL:
    case DP_SUBSCRIPTION_DEL:
    case DP_KEYFRAME_REQUEST:
    case DP_TAP_PUT:
    case DP_TAP_DEL:
        *id = ((const struct dp_del *)msg)->id;
        return named[type](o, msg);
    case DP_MSG_NONE:
    case DP_HELLO:
    case DP_ACK:
    case DP_SESSION_EVENT:
    case DP_LOAD:
    case DP_MSG_COUNT:
        break;
    }
    return -EBADMSG;
}

int objects_on_message(struct objects *o, void *msg, size_t len)
{
    uint64_t id = 0;

    if (dp_msg_check(msg, len) != 0)
        return -EBADMSG;
    if (!objects_provide(o))
        return -EAGAIN;
    enum dp_msg type = (enum dp_msg)((const struct dp_head *)msg)->type;
    int err = handle(o, type, msg, &id);
    if (err == -EAGAIN)
        return err;
    if (type == DP_KEYS_PUT || type == DP_SESSION_PUT)
        explicit_bzero(msg, len);
    if (err == -EBADMSG)
        return err;
    if (err != -EINPROGRESS)
        ack(o, type, id, err);
    return 0;
}

int objects_on_punt(struct objects *o, const void *msg, size_t len)
{
    const struct dp_punt *punt = msg;

    if (dp_punt_check(msg, len) != 0)
        return -EBADMSG;
    struct session_object *so = objects_session(o, punt->session);
    if (!so || punt->tuple >= SESSION_TUPLES_MAX)
        return 0;
    struct rte_mbuf *m = rte_pktmbuf_alloc(o->dtls_pool);
    if (!m) {
        o->dtls_dropped++; /* DTLS sends again */
        return 0;
    }
    _Static_assert(DP_PUNT_BYTES_MAX <= PKT_DATAROOM, "a datagram of the punt link fits");
    uint16_t n = (uint16_t)(len - offsetof(struct dp_punt, bytes));
    memcpy(rte_pktmbuf_append(m, n), punt->bytes, n);
    *pkt(m) = (struct pkt){.session = &so->session, .tuple = (uint8_t)punt->tuple};
    objects_send(o, so, m, MAIL_DTLS);
    return 0;
}
