/* SPDX-License-Identifier: MIT */
/* Sessions, flows and legs; a run and what came of it. */
#include "bench/engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/engine_private.h"
#include "tests/proc/process.h"

#define CHECK_NS   INT64_C(5000000000) /* RFC 7675 5.1 */
#define REPORT_NS  INT64_C(1000000000)
#define NACK_NS    INT64_C(20000000)
#define TURN_NS    INT64_C(10000000)
#define GROW       64
#define BURSTS_MAX 16

int64_t engine_now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* ---- Life ---- */

struct engine *engine_create(struct wire *wire)
{
    struct engine *e = calloc(1, sizeof(*e));

    if (!e)
        return NULL;
    e->wire = wire;
    e->srtp = srtp_engine_create();
    e->by_end = calloc(wire->max_ends, sizeof(e->by_end[0]));
    if (!e->srtp || !e->by_end) {
        engine_destroy(e);
        return NULL;
    }
    return e;
}

void engine_destroy(struct engine *e)
{
    if (!e)
        return;
    for (uint32_t i = 0; i < e->n_sessions; i++) {
        srtp_ctx_destroy(e->sessions[i].tx);
        srtp_ctx_destroy(e->sessions[i].rx);
    }
    for (uint32_t i = 0; i < e->n_flows; i++)
        free(e->flows[i]);
    for (uint32_t i = 0; i < e->n_classes; i++)
        free(e->classes[i].flows);
    srtp_engine_destroy(e->srtp);
    free(e->sessions);
    free(e->flows);
    free(e->legs);
    free(e->by_end);
    free(e);
}

void engine_on_other(struct engine *e, void (*on_other)(void *arg, const struct wire_datagram *d), void *arg)
{
    e->on_other = on_other;
    e->other_arg = arg;
}

/* Room for one more. */
static int grow(void *list, uint32_t n, size_t size)
{
    void *grown = n % GROW ? *(void **)list : realloc(*(void **)list, (n + GROW) * size);

    if (!grown)
        return -ENOMEM;
    *(void **)list = grown;
    return 0;
}

int engine_add_session(struct engine *e, const struct engine_session *conf)
{
    if (grow(&e->sessions, e->n_sessions, sizeof(e->sessions[0])))
        return -ENOMEM;
    struct session *s = &e->sessions[e->n_sessions];
    *s = (struct session){.end = conf->end, .agent = conf->agent};
    s->tx = srtp_ctx_create(conf->profile, conf->tx_key, conf->tx_salt, true);
    s->rx = srtp_ctx_create(conf->profile, conf->rx_key, conf->rx_salt, false);
    if (!s->tx || !s->rx) {
        srtp_ctx_destroy(s->tx);
        srtp_ctx_destroy(s->rx);
        return -ENOMEM;
    }
    e->by_end[conf->end] = e->n_sessions + 1;
    return (int)e->n_sessions++;
}

static const enum media_kind kinds[CODEC_COUNT] = {
#define X(id, name, kind, ...) [CODEC_##id] = kind,
    CODEC_LIST(X)
#undef X
};

int engine_add_flow(struct engine *e, uint32_t session, const struct source_conf *conf)
{
    struct flow *f = calloc(1, sizeof(*f));

    if (!f || grow(&e->flows, e->n_flows, sizeof(e->flows[0]))) {
        free(f);
        return -ENOMEM;
    }
    f->session = session;
    f->kind = kinds[conf->codec];
    source_init(&f->source, conf, engine_now_ns() / 1000);
    source_pause(&f->source);
    if (e->sessions[session].n_flows++ == 0)
        e->sessions[session].first_flow = e->n_flows;
    e->flows[e->n_flows] = f;
    return (int)e->n_flows++;
}

int engine_add_leg(struct engine *e, uint32_t session, uint32_t flow, uint32_t ssrc, uint8_t pt)
{
    if (grow(&e->legs, e->n_legs, sizeof(e->legs[0])))
        return -ENOMEM;
    struct engine_leg *leg = &e->legs[e->n_legs];
    *leg = (struct engine_leg){.session = session, .flow = flow, .ssrc = ssrc, .pt = pt};
    leg_init(&leg->leg);
    if (e->sessions[session].n_legs++ == 0)
        e->sessions[session].first_leg = e->n_legs;
    return (int)e->n_legs++;
}

void engine_set_rtx(struct engine *e, uint32_t leg, uint32_t rtx_ssrc)
{
    e->legs[leg].rtx_ssrc = rtx_ssrc;
    e->legs[leg].rtx_highest = -1;
}

uint16_t engine_payload_bytes(const struct source_conf *conf, uint16_t packet_bytes)
{
    uint16_t counter = 0;
    uint8_t packet[WIRE_BYTES];
    struct source_conf one = *conf;
    struct source *source = malloc(sizeof(*source));

    if (!source)
        return 0;
    one.payload_bytes = PAYLOAD_BYTES_MIN;
    one.transport_seq = &counter;
    source_init(source, &one, 0);
    int len = source_write(source, packet, sizeof(packet), 0);
    free(source);
    return (uint16_t)(packet_bytes - (len - PAYLOAD_BYTES_MIN));
}

/* ---- A run ---- */

static struct flow_class *class_of(struct engine *e, const struct source_conf *conf)
{
    for (uint32_t i = 0; i < e->n_classes; i++)
        if (e->classes[i].interval_us == conf->interval_us && e->classes[i].frame_packets == conf->frame_packets)
            return &e->classes[i];
    if (e->n_classes == CLASSES_MAX)
        return NULL;
    struct flow_class *c = &e->classes[e->n_classes++];
    c->interval_us = conf->interval_us;
    c->frame_packets = conf->frame_packets;
    return c;
}

/* Flows may have been added since the last run. Sessions lie still now, so that their counters can be pointed to. */
static int make_classes(struct engine *e, uint32_t n_flows)
{
    for (uint32_t i = 0; i < e->n_classes; i++)
        e->classes[i].n = 0;
    for (uint32_t i = 0; i < n_flows; i++) {
        struct source *source = &e->flows[i]->source;
        struct flow_class *c = class_of(e, &source->conf);
        if (!c || grow(&c->flows, c->n, sizeof(c->flows[0])))
            return -ENOMEM;
        source->conf.transport_seq = &e->sessions[e->flows[i]->session].transport_seq;
        c->flows[c->n++] = i;
    }
    return 0;
}

static void start_pace(struct engine *e, double rate_pps, uint32_t n_flows, int64_t now_ns)
{
    for (uint32_t i = 0; i < e->n_classes; i++) {
        struct flow_class *c = &e->classes[i];
        double interval_ns = rate_pps > 0 ? 1e9 * c->frame_packets * n_flows / rate_pps : 1e3 * (double)c->interval_us;
        pace_init(&c->pace, c->n, interval_ns, now_ns);
    }
}

static void stop_pace(struct engine *e)
{
    for (uint32_t i = 0; i < e->n_classes; i++)
        e->classes[i].pace.n_members = 0;
}

/* From here on everything counts. What stands in the result so far does not. */
static void begin(struct engine *e, const struct engine_run *run, struct engine_result *result)
{
    *result = (struct engine_result){.server_cpu_us = run->server ? process_cpu_us(run->server) : -1};
    for (uint32_t i = 0; i < e->n_flows; i++)
        e->flows[i]->from = e->flows[i]->source.seq;
    for (uint32_t i = 0; i < e->n_legs; i++)
        leg_begin(&e->legs[i].leg, e->flows[e->legs[i].flow]->from);
}

static void finish(struct engine *e, struct engine_result *r)
{
    for (uint32_t i = 0; i < e->n_flows; i++)
        r->sent += e->flows[i]->source.seq - e->flows[i]->from;
    for (uint32_t i = 0; i < e->n_legs; i++) {
        const struct leg_counts *counts = &e->legs[i].leg.counts;
        const struct flow *f = e->flows[e->legs[i].flow];
        uint64_t expected = f->source.seq - f->from;
        r->kinds[f->kind].expected += expected;
        r->kinds[f->kind].lost += expected - counts->unique;
        r->expected += expected;
        r->delivered += counts->unique;
        r->duplicated += counts->duplicates;
        r->reordered += counts->reordered;
        r->worst_lost = MAX(r->worst_lost, expected - counts->unique);
    }
    r->lost = r->expected - r->delivered;
    for (int k = 0; k < MEDIA_KINDS; k++)
        hist_merge(&r->latency, &r->kinds[k].latency);
}

/* A burst sent comes back many times over: what comes is read first, but sending must not wait for ever. */
static bool receive_all(struct engine *e, int64_t now_ns)
{
    uint32_t n, bursts = 0;

    do
        n = engine_receive(e, bursts ? engine_now_ns() : now_ns);
    while (n == WIRE_BURST && ++bursts < BURSTS_MAX);
    return n > 0 || bursts > 0;
}

/* Spins until then; the nanoseconds in which there was something to do. */
static int64_t spin(struct engine *e, const struct engine_run *run, int64_t until_ns)
{
    int64_t now_ns = engine_now_ns(), busy_ns = 0, turn_ns = now_ns + TURN_NS;

    while (now_ns < until_ns) {
        bool busy = receive_all(e, now_ns);
        busy |= engine_send_flows(e, now_ns);
        busy |= engine_send_chores(e, now_ns);
        if (now_ns >= turn_ns && run->on_turn) {
            run->on_turn(run->arg);
            turn_ns = now_ns + TURN_NS;
        }
        int64_t before_ns = now_ns;
        now_ns = engine_now_ns();
        busy_ns += busy ? now_ns - before_ns : 0;
    }
    return busy_ns;
}

static void start_chores(struct engine *e, int64_t now_ns)
{
    if (e->checks.n_members == e->n_sessions) /* an earlier run has begun with them */
        return;
    pace_init(&e->checks, e->n_sessions, CHECK_NS, now_ns);
    pace_init(&e->receiver_reports, e->n_sessions, REPORT_NS, now_ns);
    pace_init(&e->sender_reports, e->n_flows, REPORT_NS, now_ns);
}

int engine_run(struct engine *e, const struct engine_run *run, struct engine_result *result)
{
    uint32_t n_flows = run->flows ? MIN(run->flows, e->n_flows) : e->n_flows;
    int64_t now_ns = engine_now_ns();

    if (make_classes(e, n_flows))
        return -ENOMEM;
    e->result = result;
    *result = (struct engine_result){0};
    e->verify_every = run->verify_every;
    start_chores(e, now_ns);
    start_pace(e, run->rate_pps, n_flows, now_ns);
    pace_init(&e->nacks, run->nack ? e->n_legs : 0, NACK_NS, now_ns);
    spin(e, run, now_ns + run->warm_us * 1000);
    begin(e, run, result);
    now_ns = engine_now_ns();
    int64_t busy_ns = spin(e, run, now_ns + run->time_us * 1000), end_ns = engine_now_ns();
    result->seconds = (double)(end_ns - now_ns) / 1e9;
    result->busy = (double)busy_ns / (double)(end_ns - now_ns);
    if (run->server)
        result->server_cpu_us = process_cpu_us(run->server) - result->server_cpu_us;
    stop_pace(e);
    spin(e, run, end_ns + run->drain_us * 1000);
    finish(e, result);
    return 0;
}

int engine_idle(struct engine *e, int64_t time_us)
{
    struct engine_result unused;

    return engine_run(e, &(struct engine_run){.drain_us = time_us}, &unused);
}
