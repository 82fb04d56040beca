/* SPDX-License-Identifier: MIT */
/* session: ICE credentials, DTLS and keys of one stream's transport. */
#include "controlplane/session.h"

#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "common/util.h"
#include "conf/conf.h"
#include "controlplane/addrs.h"
#include "controlplane/dtls.h"
#include "controlplane/hub.h"
#include "controlplane/stream.h"

static void send_dtls(void *arg, const uint8_t *datagram, size_t len)
{
    struct session *s = arg;
    dp_send_dtls(s->hub->dp, s->id, s->tuple, datagram, len);
}

static struct dtls *create_dtls(struct session *s, const struct negotiated *n)
{
    struct dtls_conf conf = {
        .active = s->active,
        .fingerprint_hash = n->fingerprint.hash,
        .fingerprint = n->fingerprint.bytes,
        .fingerprint_bytes = n->fingerprint.n_bytes,
        .send = send_dtls,
        .arg = s,
    };
    return dtls_create(s->hub->out.dtls_ctx, &conf);
}

int session_init(struct session *s, struct hub *hub, struct stream *stream, const struct negotiated *n, uint32_t worker)
{
    struct dp_session_put put = {.worker = worker, .id = dp_new_id(hub->dp)};
    *s = (struct session){.hub = hub, .stream = stream, .id = put.id, .worker = worker};
    s->active = n->setup == SETUP_ACTIVE;
    s->dtls = create_dtls(s, n);
    if (!s->dtls) {
        *s = (struct session){0};
        return -ENOMEM;
    }
    hub_random_text(hub, s->ufrag, sizeof(s->ufrag) - 1);
    hub_random_text(hub, s->pwd, sizeof(s->pwd) - 1);
    memcpy(put.local_ufrag, s->ufrag, sizeof(s->ufrag));
    memcpy(put.local_pwd, s->pwd, sizeof(s->pwd));
    memcpy(put.remote_ufrag, n->remote_ufrag, sizeof(put.remote_ufrag));
    dp_put_session(hub->dp, &put);
    HASH_ADD(hh, hub->sessions, id, sizeof(s->id), s);
    placement_add(&hub->placement, worker);
    return 0;
}

void session_finish(struct session *s)
{
    struct hub *hub = s->hub;
    if (!hub)
        return;
    timers_cancel(&hub->timers, &s->retransmit);
    dtls_destroy(s->dtls);
    dp_del_session(hub->dp, s->id);
    HASH_DEL(hub->sessions, s);
    placement_del(&hub->placement, s->worker);
    explicit_bzero(s, sizeof(*s));
}

int session_write_answer(const struct session *s, const struct negotiated *n, const char *cname, char *buf, size_t size)
{
    struct addrs addrs;
    struct sdp_local local = {
        .ufrag = s->ufrag,
        .pwd = s->pwd,
        .fingerprint_sha256 = dtls_ctx_fingerprint(s->hub->out.dtls_ctx),
        .port = dp_hello(s->hub->dp)->media_port[s->worker],
        .cname = cname,
        .msid = cname,
        .session_id = s->id,
    };
    addrs_gather(&addrs, &s->hub->out.conf->media_announce);
    for (; local.n_addrs < addrs.n; local.n_addrs++)
        local.addrs[local.n_addrs] = addrs.text[local.n_addrs];
    int len = sdp_write_answer(n, &local, buf, size);
    return len < 0 ? len : 0;
}

static int install_keys(struct session *s)
{
    struct dtls_keys keys;
    struct dp_keys_put put = {.id = s->id};
    int err = dtls_export_keys(s->dtls, &keys);
    if (!err) {
        put.profile = keys.profile;
        memcpy(put.rx_key, keys.rx_key, sizeof(put.rx_key));
        memcpy(put.rx_salt, keys.rx_salt, sizeof(put.rx_salt));
        memcpy(put.tx_key, keys.tx_key, sizeof(put.tx_key));
        memcpy(put.tx_salt, keys.tx_salt, sizeof(put.tx_salt));
        dp_put_keys(s->hub->dp, &put);
    }
    explicit_bzero(&keys, sizeof(keys));
    explicit_bzero(&put, sizeof(put));
    return err;
}

static void on_retransmit(struct timer *t);

/* After each step of the handshake. May end the stream, and with it the session. */
static void on_dtls(struct session *s, enum dtls_state state)
{
    int64_t wait_us = dtls_timeout_us(s->dtls);
    if (wait_us >= 0)
        timers_set(&s->hub->timers, &s->retransmit, s->hub->now_us + wait_us, on_retransmit);
    else
        timers_cancel(&s->hub->timers, &s->retransmit);
    switch (state) {
    case DTLS_HANDSHAKE:
        break;
    case DTLS_ESTABLISHED:
        if (s->established)
            break;
        s->established = true;
        if (install_keys(s))
            stream_on_session(s->stream, SESSION_FAILED, "Failed by DTLS error");
        else
            stream_on_session(s->stream, SESSION_ESTABLISHED, NULL);
        break;
    case DTLS_CLOSED:
        stream_on_session(s->stream, SESSION_CLOSED, NULL);
        break;
    case DTLS_FAILED:
        stream_on_session(s->stream, SESSION_FAILED, dtls_error(s->dtls));
        break;
    }
}

static void on_retransmit(struct timer *t)
{
    struct session *s = CONTAINER_OF(t, struct session, retransmit);
    on_dtls(s, dtls_on_timer(s->dtls));
}

static void on_connected(struct session *s)
{
    if (s->connected)
        return;
    s->connected = true;
    stream_on_session(s->stream, SESSION_CONNECTED, NULL);
    if (s->active)
        on_dtls(s, dtls_start(s->dtls));
}

static struct session *find(struct hub *hub, uint64_t id)
{
    struct session *s;
    HASH_FIND(hh, hub->sessions, &id, sizeof(id), s);
    return s;
}

void session_on_event(struct hub *hub, const struct dp_session_event *ev)
{
    struct session *s = find(hub, ev->id);
    if (!s)
        return;
    if (ev->bits & DP_SESSION_CONSENT) {
        stream_on_session(s->stream, SESSION_LOST, NULL);
        return;
    }
    if (ev->bits & DP_SESSION_ICE)
        on_connected(s);
    s = find(hub, ev->id); /* a handshake that failed at once has taken it away */
    if (s && ev->bits & DP_SESSION_MEDIA)
        stream_on_session(s->stream, SESSION_MEDIA, NULL);
}

static void note_worker(struct session *s, uint32_t worker)
{
    placement_move(&s->hub->placement, s->worker, worker);
    s->worker = worker;
}

void session_on_moved(struct hub *hub, uint64_t id, uint32_t worker)
{
    struct session *s = find(hub, id);
    struct stream *sub;
    if (!s)
        return;
    LOG_EVENT(INFO, STREAM, "moved name=%s session=%llx worker=%u to=%u", s->stream->name, (unsigned long long)id,
              s->worker, worker);
    note_worker(s, worker);
    LIST_FOREACH (sub, &s->stream->subscribers, subscription)
        note_worker(&sub->session, worker);
}

void session_on_punt(struct hub *hub, uint64_t id, uint16_t tuple, const uint8_t *bytes, size_t len)
{
    struct session *s = find(hub, id);
    if (!s)
        return;
    s->tuple = tuple;
    on_connected(s); /* the dataplane punts from checked addresses only; its event may be behind on the other link */
    s = find(hub, id);
    if (s)
        on_dtls(s, dtls_on_datagram(s->dtls, bytes, len));
}
