/* SPDX-License-Identifier: MIT */
/* worker path */
/* The life of a packet, top to bottom. Each stage compacts the burst in place; a packet that a stage takes out was
 * sent, punted, handed over, consumed, or dropped with a reason. */
#include "dataplane/worker.h"

#include <rte_rcu_qsbr.h>
#include <string.h>

#include "common/util.h"
#include "dataplane/frame.h"
#include "dataplane/stream.h"

#define HOUSEKEEPING_US 1000
#define SESSION_US      100000 /* each session's events and consent are looked at so often, if due */
#define PUBLISHER_US    10000  /* and what a publisher must hear */
#define CONSENT_US      1000000

static uint32_t turn_port(struct worker *w, struct port *port, uint16_t queue, int64_t now_us)
{
    struct burst b;

    uint64_t before = rte_rdtsc();
    b.n = port->ops->rx_burst(port, queue, b.m, (uint16_t)worker_burst(w));
    shed_polled(w, port->id, b.n);
    if (b.n == 0)
        return 0;
    uint32_t received = b.n;

    meter_received(&w->meter, received, before);
    meter_enter(&w->meter, STAGE_PARSE);
    parse_burst(w, &b, port, now_us); /* Ethernet, IP, UDP; ARP, ND and ICMP are answered */
    worker_input(w, &b, now_us);
    return received;
}

void worker_input(struct worker *w, struct burst *b, int64_t now_us)
{
    meter_enter(&w->meter, STAGE_CLASSIFY);
    classify_burst(w, b, now_us); /* session by address pair; STUN answered, DTLS punted, strays handed over */
    meter_enter(&w->meter, STAGE_RECEIVE);
    receive_burst(w, b, now_us); /* SRTP decrypted in one batch; RTCP consumed, RTX restored */
    if (w->n_tapped > 0) {
        meter_enter(&w->meter, STAGE_TAP);
        tap_burst(w, b); /* what is recorded, copied into the ring that the recorder reads */
    }
    meter_enter(&w->meter, STAGE_FORWARD);
    forward_burst(w, b, now_us); /* one to many: a header per subscriber, jobs for the egress */
}

static int64_t tick_session(struct worker *w, struct session *s, int64_t now_us)
{
    ice_tick(w, s, now_us);
    session_tick(w, s);
    if (s->event_bits)
        return now_us;
    int64_t left_us = w->conf->consent_us - (now_us - s->ice.consent_us);
    return now_us + (s->ice.consent ? RTE_MIN(left_us, (int64_t)CONSENT_US) : CONSENT_US);
}

static const struct {
    int64_t period_us;
    int64_t (*tick)(struct worker *w, struct session *s, int64_t now_us); /* returns when it is due again */
} timers[TIMER_COUNT] = {[TIMER_SESSION] = {SESSION_US, tick_session}, [TIMER_REPORT] = {PUBLISHER_US, report_tick}};

static void look_ahead(const struct seat *seats, uint32_t n, uint32_t at, enum timer timer, int64_t now_us)
{
    if (at + 2 < n && seats[at + 2].due_us[timer] <= now_us)
        session_prefetch(seats[at + 2].session);
    if (at + 1 < n && seats[at + 1].due_us[timer] <= now_us && seats[at + 1].session->n_streams > 0)
        stream_prefetch(seats[at + 1].session->streams[0]);
}

/* The next of n that are all to be looked at within a period: so that no turn is long. */
static void tick_slice(struct worker *w, enum timer timer, uint32_t n, int64_t late_us, int64_t now_us)
{
    int64_t period_us = timers[timer].period_us;
    int64_t left = RTE_MIN((n * late_us + period_us - 1) / period_us, (int64_t)n);

    for (; left > 0; left--) {
        uint32_t at = w->seat_at[timer] < n ? w->seat_at[timer] : 0;
        look_ahead(w->seats, n, at, timer, now_us);
        if (w->seats[at].due_us[timer] <= now_us)
            w->seats[at].due_us[timer] = timers[timer].tick(w, w->seats[at].session, now_us);
        w->seat_at[timer] = at + 1;
    }
}

/* A slice of the sessions every HOUSEKEEPING_US. After a sleep what was missed is made up for. */
static void housekeeping(struct worker *w, int64_t now_us)
{
    int64_t late_us = now_us - w->tick_us;
    if (late_us < HOUSEKEEPING_US)
        return;
    meter_enter(&w->meter, STAGE_TICK);
    w->tick_us = now_us;
    tick_slice(w, TIMER_SESSION, w->n_sessions, late_us, now_us);
    tick_slice(w, TIMER_REPORT, w->n_publishers, late_us, now_us);
}

static void free_spent(struct worker *w)
{
    rte_pktmbuf_free_bulk(w->spent, w->n_spent);
    w->n_spent = 0;
}

void worker_spend(struct worker *w, struct rte_mbuf *m)
{
    if (w->n_spent == WORKER_SPENT_MAX) {
        egress_flush(w); /* the last reader of clear packets: frames are copies by now */
        free_spent(w);
    }
    w->spent[w->n_spent++] = m;
}

uint32_t worker_turn(struct worker *w, int64_t now_us)
{
    uint64_t began = rte_rdtsc();
    uint32_t handled = 0;

    for (uint32_t i = 0; i < w->n_ports; i++)
        handled += turn_port(w, w->ports[i].port, w->ports[i].queue, now_us);
    handled += mailbox_drain(w, now_us);
    move_retry(w, now_us);
    housekeeping(w, now_us);
    egress_flush(w); /* SRTP encrypted in one batch */
    frame_flush(w);
    free_spent(w);
    meter_turned(&w->meter, began, handled > 0);
    shed_turned(w, now_us);
    if (w->rcu)
        rte_rcu_qsbr_quiescent(w->rcu, w->index);
    w->stats.loops++;
    w->stats.busy_loops += handled > 0;
    return handled;
}

bool worker_owns(const struct worker *w, const uint8_t ip[16])
{
    for (uint32_t i = 0; i < w->conf->n_addresses; i++)
        if (memcmp(w->conf->addresses[i], ip, 16) == 0)
            return true;
    return false;
}

uint32_t worker_random(struct worker *w)
{
    w->random ^= w->random << 13; /* xorshift64 (Marsaglia), seeded from the kernel at start */
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return (uint32_t)(w->random >> 32);
}
