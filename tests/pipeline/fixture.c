/* SPDX-License-Identifier: MIT */
/* Two workers, a ring port, ctl's objects, virtual time. */
#include "fixture.h"

#include <errno.h>
#include <rte_eal.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "common/util.h"
#include "dataplane/eal.h"

#define POOL_MBUFS 4096
#define MAIL_MBUFS 2048
#define RING_SIZE  1024

static const uint8_t v4_mapped[12] = {[10] = 0xff, [11] = 0xff};
static const uint8_t our_addresses[2][16] = {
    {[10] = 0xff, 0xff, 192, 0, 2, 1},
    {0xfd, 0x01, [15] = 1},
};
static const uint8_t peer_mac[6] = {0x02, 0, 0, 0, 0, 0xaa};

/* On whatever CPU is free: tests run side by side. */
int fixture_start_eal(void **state)
{
    static char cpus[1024], lcores[sizeof(cpus) + 16];
    char *argv[] = {"pipeline",    "--no-huge", "-m",          "128", "--no-pci", "--no-telemetry",
                    "--no-shconf", lcores,      "--log-level", "3",   NULL};
    struct eal_host host;

    eal_host_read(&host, cpus, sizeof(cpus));
    snprintf(lcores, sizeof(lcores), "--lcores=0@(%s)", cpus);
    return rte_eal_init(ARRAY_SIZE(argv) - 1, argv) < 0 || start_srtp() != 0 ? -1 : 0;
}

/* ---- What ctl tells ---- */

static void on_ack(void *arg, const struct dp_ack *ack)
{
    struct fixture *f = arg;
    assert_true(f->n_acks < FIXTURE_LOG);
    f->acks[f->n_acks++] = *ack;
}

static void on_punt(void *arg, const struct dp_punt *punt)
{
    struct fixture *f = arg;
    assert_true(f->n_punts < FIXTURE_LOG);
    memcpy(&f->punts[f->n_punts++], punt, punt->head.len);
}

static const struct objects_ops ops = {.on_ack = on_ack, .on_punt = on_punt};

static void take_events(struct fixture *f)
{
    struct dp_session_event event;
    while (objects_next_event(&f->objects, &event)) {
        assert_true(f->n_events < FIXTURE_LOG);
        f->events[f->n_events++] = event;
    }
}

uint32_t fixture_event_bits(const struct fixture *f, uint64_t session)
{
    uint32_t bits = 0;
    for (uint32_t i = 0; i < f->n_events; i++)
        if (session == 0 || f->events[i].id == session)
            bits |= f->events[i].bits;
    return bits;
}

void fixture_clear(struct fixture *f)
{
    f->n_acks = f->n_punts = f->n_events = 0;
}

/* ---- Life ---- */

static struct port *make_port(struct fixture *f)
{
    struct rte_mempool *pools[FIXTURE_WORKERS];
    static unsigned count;
    char name[32];
    const char *err;

    for (unsigned i = 0; i < FIXTURE_WORKERS; i++) {
        snprintf(name, sizeof(name), "in%u", i);
        f->in[i] = rte_ring_create(name, RING_SIZE, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
        snprintf(name, sizeof(name), "out%u", i);
        f->out[i] = rte_ring_create(name, RING_SIZE, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
        pools[i] = f->rx_pool;
        assert_non_null(f->in[i]);
        assert_non_null(f->out[i]);
    }
    snprintf(name, sizeof(name), "fixture%u", count++);
    int ethdev = rte_eth_from_rings(name, f->in, FIXTURE_WORKERS, f->out, FIXTURE_WORKERS, 0);
    assert_true(ethdev >= 0);
    struct port *port = port_eth_create((uint16_t)ethdev,
                                        &(struct port_eth_conf){.n_queues = FIXTURE_WORKERS, .rx_pools = pools}, &err);
    assert_non_null(port);
    return port;
}

static struct worker *make_worker(struct fixture *f, uint32_t index)
{
    struct worker *w = calloc(1, sizeof(*w));
    char name[32];

    snprintf(name, sizeof(name), "mailbox%u", index);
    assert_int_equal(mailbox_init(&w->mailbox, name, 1024, f->mail_pool, false, SOCKET_ID_ANY), 0);
    w->index = index;
    w->n_ports = 1;
    w->ports[0].port = f->port;
    w->ports[0].queue = (uint16_t)index;
    w->conf = &f->conf;
    w->tables = &f->tables;
    w->rcu = f->tables.rcu;
    w->tx_pool = f->tx_pool;
    w->ctl_mailbox = &f->ctl;
    w->peers = f->workers;
    w->seats = calloc(f->conf.max_sessions, sizeof(*w->seats));
    w->srtp = srtp_engine_create();
    w->random = 88172645463325252u + index;
    rte_rcu_qsbr_thread_register(f->tables.rcu, index);
    rte_rcu_qsbr_thread_online(f->tables.rcu, index);
    return w;
}

struct fixture *fixture_create(void)
{
    struct fixture *f = calloc(1, sizeof(*f));

    f->now_us = 1000000;
    f->conf = (struct dataplane_conf){.consent_us = 30000000,
                                      .history_age_us = 1000000,
                                      .history_packets = 512,
                                      .history_mbufs = 1024,
                                      .mtu = 1500,
                                      .max_sessions = 64,
                                      .media_port = FIXTURE_MEDIA_PORT,
                                      .n_workers = FIXTURE_WORKERS,
                                      .n_addresses = ARRAY_SIZE(our_addresses),
                                      .addresses = our_addresses};
    f->rx_pool = pkt_pool_create("rx", POOL_MBUFS - 1, 0, SOCKET_ID_ANY);
    f->tx_pool = pkt_pool_create("tx", POOL_MBUFS - 1, 0, SOCKET_ID_ANY);
    f->mail_pool = pkt_mail_pool_create("mail", MAIL_MBUFS - 1, 0, SOCKET_ID_ANY);
    assert_non_null(f->rx_pool);
    assert_non_null(f->tx_pool);
    f->dtls_pool = pkt_pool_create("dtls", FIXTURE_DTLS, 0, SOCKET_ID_ANY);
    assert_non_null(f->mail_pool);
    assert_non_null(f->dtls_pool);
    assert_int_equal(tables_init(&f->tables, f->conf.max_sessions, FIXTURE_WORKERS, 1, SOCKET_ID_ANY), 0);
    f->port = make_port(f);
    assert_int_equal(mailbox_init(&f->ctl, "ctl", 1024, f->mail_pool, false, SOCKET_ID_ANY), 0);
    for (uint32_t i = 0; i < FIXTURE_WORKERS; i++)
        f->workers[i] = make_worker(f, i);
    objects_init(&f->objects, &f->conf, &f->tables, f->workers, &f->ctl, f->dtls_pool, 0x9e3779b97f4a7c15u, &ops, f);
    return f;
}

/* Everything is deleted the ordinary way first, so that what is missing afterwards was lost. */
static void empty(struct fixture *f)
{
    struct session_object *so, *tmp;
    HASH_ITER (hh, f->objects.sessions, so, tmp)
        fixture_del(f, DP_SESSION_DEL, so->session.id);
    for (int i = 0; i < 20; i++)
        fixture_turn(f);
    fixture_discard(f);
    for (uint32_t i = 0; i < FIXTURE_WORKERS; i++)
        assert_int_equal(f->workers[i]->n_sessions, 0);
    assert_true(STAILQ_EMPTY(&f->objects.graves));
}

void fixture_destroy(struct fixture *f)
{
    empty(f);
    objects_finish(&f->objects);
    assert_int_equal(rte_mempool_avail_count(f->rx_pool), POOL_MBUFS - 1);
    assert_int_equal(rte_mempool_avail_count(f->tx_pool), POOL_MBUFS - 1);
    assert_int_equal(rte_mempool_avail_count(f->mail_pool), MAIL_MBUFS - 1);
    assert_int_equal(rte_mempool_avail_count(f->dtls_pool), FIXTURE_DTLS);
    f->port->ops->destroy(f->port);
    for (uint32_t i = 0; i < FIXTURE_WORKERS; i++) {
        mailbox_finish(&f->workers[i]->mailbox);
        srtp_engine_destroy(f->workers[i]->srtp);
        free(f->workers[i]->seats);
        free(f->workers[i]);
        rte_ring_free(f->in[i]);
        rte_ring_free(f->out[i]);
    }
    mailbox_finish(&f->ctl);
    tables_finish(&f->tables);
    rte_mempool_free(f->rx_pool);
    rte_mempool_free(f->tx_pool);
    rte_mempool_free(f->mail_pool);
    rte_mempool_free(f->dtls_pool);
    free(f);
}

/* ---- Time ---- */

void fixture_turn(struct fixture *f)
{
    for (uint32_t i = 0; i < FIXTURE_WORKERS; i++)
        worker_turn(f->workers[i], f->now_us);
    objects_poll(&f->objects, f->now_us);
    take_events(f);
    f->now_us += FIXTURE_TURN_US;
}

void fixture_run(struct fixture *f, int64_t us)
{
    for (int64_t end = f->now_us + us; f->now_us < end;)
        fixture_turn(f);
}

/* ---- Desired state ---- */

static size_t size_of(enum dp_msg type)
{
    switch (type) {
#define X(id, type) \
    case DP_##id:   \
        return sizeof(type);
        DP_MSG_LIST(X)
#undef X
    case DP_MSG_NONE:
    case DP_MSG_COUNT:
        break;
    }
    return 0;
}

int fixture_put(struct fixture *f, enum dp_msg type, void *msg)
{
    struct dp_head *head = msg;
    uint32_t before = f->n_acks;

    *head = (struct dp_head){.type = (uint16_t)type, .len = (uint16_t)size_of(type)};
    if (f->carry)
        return f->carry(f, msg, head->len);
    int err;
    for (int i = 0; (err = objects_on_message(&f->objects, msg, head->len)) == -EAGAIN && i < 100; i++)
        fixture_turn(f); /* as ctl does */
    assert_int_equal(err, 0);
    while (f->n_acks == before)
        fixture_turn(f);
    int error = f->acks[f->n_acks - 1].error;
    f->n_acks = before;
    fixture_turn(f);
    return error;
}

int fixture_del(struct fixture *f, enum dp_msg type, uint64_t id)
{
    struct dp_del del = {.id = id};
    return fixture_put(f, type, &del);
}

int fixture_move(struct fixture *f, uint64_t session, uint32_t worker)
{
    struct dp_session_move move = {.id = session, .worker = worker};
    return fixture_put(f, DP_SESSION_MOVE, &move);
}

struct session *fixture_session(struct fixture *f, uint64_t id)
{
    struct session_object *so = objects_session(&f->objects, id);
    assert_non_null(so);
    return &so->session;
}

uint64_t fixture_drops(const struct fixture *f, enum drop why)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < FIXTURE_WORKERS; i++)
        n += f->workers[i]->stats.drops[why];
    return n;
}

/* ---- Frames ---- */

void fixture_inject(struct fixture *f, uint16_t queue, const void *frame, size_t len)
{
    struct rte_mbuf *m = rte_pktmbuf_alloc(f->rx_pool);
    assert_non_null(m);
    char *data = rte_pktmbuf_append(m, (uint16_t)len);
    assert_non_null(data);
    memcpy(data, frame, len);
    assert_int_equal(rte_ring_enqueue(f->in[queue], m), 0);
}

static bool is_v4(const struct dp_addr *a)
{
    return memcmp(a->ip, v4_mapped, sizeof(v4_mapped)) == 0;
}

static void read_ipv4(struct rte_mbuf *m, struct datagram *d)
{
    struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, RTE_ETHER_HDR_LEN);
    struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ip + 1);
    uint16_t sum = udp->dgram_cksum;

    assert_int_equal(rte_raw_cksum(ip, sizeof(*ip)), 0xffff);
    assert_int_equal(rte_be_to_cpu_16(ip->total_length), m->data_len - RTE_ETHER_HDR_LEN);
    udp->dgram_cksum = 0;
    assert_int_equal(rte_ipv4_udptcp_cksum(ip, udp), sum);
    memcpy(d->from.ip, v4_mapped, sizeof(v4_mapped));
    memcpy(d->to.ip, v4_mapped, sizeof(v4_mapped));
    memcpy(d->from.ip + 12, &ip->src_addr, 4);
    memcpy(d->to.ip + 12, &ip->dst_addr, 4);
}

static void read_ipv6(struct rte_mbuf *m, struct datagram *d)
{
    struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv6_hdr *, RTE_ETHER_HDR_LEN);
    struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ip + 1);
    uint16_t sum = udp->dgram_cksum;

    assert_int_equal(rte_be_to_cpu_16(ip->payload_len), m->data_len - RTE_ETHER_HDR_LEN - sizeof(*ip));
    udp->dgram_cksum = 0;
    assert_int_equal(rte_ipv6_udptcp_cksum(ip, udp), sum);
    memcpy(d->from.ip, ip->src_addr, 16);
    memcpy(d->to.ip, ip->dst_addr, 16);
}

static void read_datagram(struct rte_mbuf *m, struct datagram *d)
{
    const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
    bool v4 = get_be16(frame + 12) == RTE_ETHER_TYPE_IPV4;

    assert_memory_equal(frame, peer_mac, sizeof(peer_mac));
    (v4 ? read_ipv4 : read_ipv6)(m, d);
    size_t off = RTE_ETHER_HDR_LEN + (v4 ? sizeof(struct rte_ipv4_hdr) : sizeof(struct rte_ipv6_hdr));
    d->from.port = get_be16(frame + off);
    d->to.port = get_be16(frame + off + 2);
    assert_int_equal(get_be16(frame + off + 4), m->data_len - off);
    d->len = (uint16_t)(m->data_len - off - sizeof(struct rte_udp_hdr));
    memcpy(d->bytes, frame + off + sizeof(struct rte_udp_hdr), d->len);
}

bool fixture_receive(struct fixture *f, struct datagram *d)
{
    struct rte_mbuf *m;

    for (uint32_t i = 0; i < FIXTURE_WORKERS; i++) {
        if (rte_ring_dequeue(f->out[i], (void **)&m) != 0)
            continue;
        read_datagram(m, d);
        rte_pktmbuf_free(m);
        return true;
    }
    return false;
}

uint32_t fixture_discard(struct fixture *f)
{
    struct rte_mbuf *m;
    uint32_t n = 0;

    for (uint32_t i = 0; i < FIXTURE_WORKERS; i++)
        for (; rte_ring_dequeue(f->out[i], (void **)&m) == 0; n++)
            rte_pktmbuf_free(m);
    return n;
}

/* ---- Peers: addresses and ICE ---- */

void peer_init(struct fixture *f, struct peer *p, uint32_t n, uint32_t worker, bool v6)
{
    struct dp_session_put put = {.id = (uint64_t)1 << 32 | n, .worker = worker};

    *p = (struct peer){.session = put.id, .worker = worker, .queue = (uint16_t)worker};
    snprintf(p->our_ufrag, sizeof(p->our_ufrag), "ours%u", n);
    snprintf(p->our_pwd, sizeof(p->our_pwd), "password-of-session-%05u", n);
    snprintf(p->ufrag, sizeof(p->ufrag), "theirs%u", n);
    memcpy(p->relay.ip, our_addresses[v6], 16);
    p->relay.port = (uint16_t)(FIXTURE_MEDIA_PORT + worker);
    memcpy(p->addr.ip, v6 ? (const uint8_t[16]){0xfd} : (const uint8_t[16]){[10] = 0xff, 0xff, 10}, 16);
    put_be16(p->addr.ip + 14, (uint16_t)n);
    p->addr.port = (uint16_t)(40000 + n);
    memcpy(put.local_ufrag, p->our_ufrag, sizeof(put.local_ufrag));
    memcpy(put.local_pwd, p->our_pwd, sizeof(put.local_pwd));
    memcpy(put.remote_ufrag, p->ufrag, sizeof(p->ufrag));
    assert_int_equal(fixture_put(f, DP_SESSION_PUT, &put), 0);
}

void peer_finish(struct peer *p)
{
    if (p->tx)
        srtp_dealloc(p->tx);
    if (p->rx)
        srtp_dealloc(p->rx);
    p->tx = p->rx = NULL;
}

static size_t write_ip(const struct peer *p, uint8_t *out, size_t udp_len)
{
    if (is_v4(&p->addr)) {
        struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)out;
        *ip = (struct rte_ipv4_hdr){.version_ihl = RTE_IPV4_VHL_DEF,
                                    .total_length = rte_cpu_to_be_16((uint16_t)(sizeof(*ip) + udp_len)),
                                    .time_to_live = 64,
                                    .next_proto_id = IPPROTO_UDP};
        memcpy(&ip->src_addr, p->addr.ip + 12, 4);
        memcpy(&ip->dst_addr, p->relay.ip + 12, 4);
        ip->hdr_checksum = rte_ipv4_cksum(ip);
        return sizeof(*ip);
    }
    struct rte_ipv6_hdr *ip = (struct rte_ipv6_hdr *)out;
    *ip = (struct rte_ipv6_hdr){.vtc_flow = RTE_BE32(6u << 28),
                                .payload_len = rte_cpu_to_be_16((uint16_t)udp_len),
                                .proto = IPPROTO_UDP,
                                .hop_limits = 64};
    memcpy(ip->src_addr, p->addr.ip, 16);
    memcpy(ip->dst_addr, p->relay.ip, 16);
    return sizeof(*ip);
}

/* The UDP checksum is left wrong, as the local kernel does. */
void peer_send(struct fixture *f, const struct peer *p, const void *payload, size_t len)
{
    uint8_t frame[2048] = {[5] = 1};
    size_t at = RTE_ETHER_HDR_LEN;

    memcpy(frame + 6, peer_mac, sizeof(peer_mac));
    put_be16(frame + 12, is_v4(&p->addr) ? RTE_ETHER_TYPE_IPV4 : RTE_ETHER_TYPE_IPV6);
    at += write_ip(p, frame + at, sizeof(struct rte_udp_hdr) + len);
    put_be16(frame + at, p->addr.port);
    put_be16(frame + at + 2, p->relay.port);
    put_be16(frame + at + 4, (uint16_t)(sizeof(struct rte_udp_hdr) + len));
    put_be16(frame + at + 6, 0xdead);
    at += sizeof(struct rte_udp_hdr);
    assert_true(at + len <= sizeof(frame));
    memcpy(frame + at, payload, len);
    fixture_inject(f, p->queue, frame, at + len);
}

void peer_send_binding(struct fixture *f, struct peer *p, bool use_candidate)
{
    struct stun_request req = {
        .priority = 1, .role = STUN_ROLE_CONTROLLING, .tie_breaker = 7, .use_candidate = use_candidate};
    uint8_t out[512];
    char username[64];
    struct stun_key key;

    memset(req.tid, p->next_tid++, sizeof(req.tid));
    snprintf(username, sizeof(username), "%s:%s", p->our_ufrag, p->ufrag);
    req.username = username;
    stun_key_init(&key, p->our_pwd, strlen(p->our_pwd));
    int len = stun_write_request(out, sizeof(out), &req, &key);
    assert_true(len > 0);
    peer_send(f, p, out, (size_t)len);
}

bool peer_is_to(const struct peer *p, const struct datagram *d)
{
    return memcmp(&d->to, &p->addr, sizeof(d->to)) == 0 && memcmp(&d->from, &p->relay, sizeof(d->from)) == 0;
}

bool peer_is_response(const struct peer *p, const struct datagram *d)
{
    struct stun_view view;
    struct stun_key key;

    stun_key_init(&key, p->our_pwd, strlen(p->our_pwd));
    return peer_is_to(p, d) && stun_parse(&view, d->bytes, d->len) == 0 && view.type == STUN_BINDING_SUCCESS &&
           stun_check_fingerprint(&view) && stun_check_integrity(&view, &key) && view.has_mapped &&
           memcmp(&view.mapped, &p->addr, sizeof(view.mapped)) == 0;
}

void peer_connect(struct fixture *f, struct peer *p)
{
    struct datagram d;

    peer_send_binding(f, p, true);
    for (int i = 0; i < 5; i++)
        fixture_turn(f);
    assert_true(fixture_receive(f, &d));
    assert_true(peer_is_response(p, &d));
}

/* ---- Peers: SRTP ---- */

static srtp_t make_srtp(enum srtp_profile profile, const uint8_t *key, const uint8_t *salt, srtp_ssrc_type_t type)
{
    uint8_t both[SRTP_MAX_KEY_LEN] = {0};
    bool cm = profile == SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80;
    size_t key_len = profile == SRTP_PROFILE_AEAD_AES_256_GCM ? 32 : 16;
    srtp_policy_t policy = {.ssrc.type = type, .key = both, .window_size = 1024, .allow_repeat_tx = 1};
    srtp_t srtp;

    memcpy(both, key, key_len);
    memcpy(both + key_len, salt, cm ? 14 : 12);
    if (cm) {
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtp);
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtcp);
    } else if (key_len == 16) {
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
    } else {
        srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtp);
        srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtcp);
    }
    assert_int_equal(srtp_create(&srtp, &policy), srtp_err_status_ok);
    return srtp;
}

static void fill(uint8_t *out, size_t len, uint8_t seed)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(seed + i * 7);
}

void peer_keys(struct fixture *f, struct peer *p, enum srtp_profile profile)
{
    struct dp_keys_put *keys = &p->keys;

    *keys = (struct dp_keys_put){.profile = profile, .id = p->session};
    fill(keys->rx_key, sizeof(keys->rx_key), (uint8_t)(p->session * 4));
    fill(keys->rx_salt, sizeof(keys->rx_salt), (uint8_t)(p->session * 4 + 1));
    fill(keys->tx_key, sizeof(keys->tx_key), (uint8_t)(p->session * 4 + 2));
    fill(keys->tx_salt, sizeof(keys->tx_salt), (uint8_t)(p->session * 4 + 3));
    struct dp_keys_put put = *keys;
    assert_int_equal(fixture_put(f, DP_KEYS_PUT, &put), 0);
    p->tx = make_srtp(profile, keys->rx_key, keys->rx_salt, ssrc_any_outbound);
    p->rx = make_srtp(profile, keys->tx_key, keys->tx_salt, ssrc_any_inbound);
}

void peer_send_srtp(struct fixture *f, struct peer *p, const void *rtp, size_t len)
{
    uint8_t out[2048];
    int n = (int)len;

    memcpy(out, rtp, len);
    assert_int_equal(srtp_protect(p->tx, out, &n), srtp_err_status_ok);
    peer_send(f, p, out, (size_t)n);
}

void peer_send_srtcp(struct fixture *f, struct peer *p, const void *rtcp, size_t len)
{
    uint8_t out[2048];
    int n = (int)len;

    memcpy(out, rtcp, len);
    assert_int_equal(srtp_protect_rtcp(p->tx, out, &n), srtp_err_status_ok);
    peer_send(f, p, out, (size_t)n);
}

bool peer_unprotect(struct peer *p, struct datagram *d)
{
    int n = d->len;
    bool ok = srtp_unprotect(p->rx, d->bytes, &n) == srtp_err_status_ok;
    d->len = (uint16_t)n;
    return ok;
}

bool peer_unprotect_rtcp(struct peer *p, struct datagram *d)
{
    int n = d->len;
    bool ok = srtp_unprotect_rtcp(p->rx, d->bytes, &n) == srtp_err_status_ok;
    d->len = (uint16_t)n;
    return ok;
}
