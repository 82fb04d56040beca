/* SPDX-License-Identifier: MIT */
/* Two queues of copies, ordered by when they are due. */
#include "bench/impair.h"

#include <stdlib.h>
#include <string.h>

#include "common/util.h"
#include "tests/peer/rng.h"

#define HELD_NS  INT64_C(10000000) /* how long a reordered one is held back */
#define HELD_MAX 65536             /* datagrams on their way; more are lost, as in a full queue */

struct held {
    int64_t due_ns;
    uint64_t serial; /* of two due at the same time the older goes first */
    uint32_t end;
    uint16_t len;
    uint8_t bytes[];
};

/* A binary heap. */
struct queue {
    struct held *heap[HELD_MAX];
    uint32_t n;
    uint64_t serial;
    int64_t last_ns; /* jitter alone does not overtake */
};

struct impair {
    struct wire wire;
    struct wire *below;
    struct impair_conf conf;
    struct rng rng;
    struct queue out, in;
};

static struct impair *self(struct wire *wire)
{
    return CONTAINER_OF(wire, struct impair, wire);
}

static double random_share(struct impair *im)
{
    return (double)(rng_next(&im->rng) >> 11) / (double)(UINT64_C(1) << 53);
}

/* ---- Queues ---- */

static bool is_before(const struct held *a, const struct held *b)
{
    return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->serial < b->serial;
}

static void push(struct queue *q, struct held *h)
{
    uint32_t at = q->n++;

    for (; at > 0 && is_before(h, q->heap[(at - 1) / 2]); at = (at - 1) / 2)
        q->heap[at] = q->heap[(at - 1) / 2];
    q->heap[at] = h;
}

/* NULL: none is due. */
static struct held *pop(struct queue *q, int64_t now_ns)
{
    if (q->n == 0 || q->heap[0]->due_ns > now_ns)
        return NULL;
    struct held *first = q->heap[0], *last = q->heap[--q->n];
    uint32_t at = 0;
    for (uint32_t child; (child = 2 * at + 1) < q->n; at = child) {
        if (child + 1 < q->n && is_before(q->heap[child + 1], q->heap[child]))
            child++;
        if (!is_before(q->heap[child], last))
            break;
        q->heap[at] = q->heap[child];
    }
    q->heap[at] = last;
    return first;
}

static int64_t due_ns(struct impair *im, struct queue *q, int64_t now_ns)
{
    int64_t due = now_ns + im->conf.delay_ns + (int64_t)(random_share(im) * (double)im->conf.jitter_ns);

    if (random_share(im) < im->conf.reorder)
        return due + HELD_NS;
    q->last_ns = MAX(q->last_ns, due);
    return q->last_ns;
}

static void hold(struct impair *im, struct queue *q, const struct wire_datagram *d, int64_t now_ns)
{
    struct held *h = NULL;

    if (random_share(im) < im->conf.loss)
        return;
    if (q->n < HELD_MAX)
        h = malloc(sizeof(*h) + d->len);
    if (!h)
        return;
    *h = (struct held){.due_ns = due_ns(im, q, now_ns), .serial = q->serial++, .end = d->end, .len = d->len};
    memcpy(h->bytes, d->bytes, d->len);
    push(q, h);
}

/* ---- The wire ---- */

/* Ends have the same numbers below. */
static int connect_end(struct wire *wire, uint32_t end, uint32_t ip, uint16_t udp_port)
{
    struct wire *below = self(wire)->below;

    below->n_ends = MAX(below->n_ends, wire->n_ends);
    return below->ops->connect(below, end, ip, udp_port);
}

static void send_due(struct impair *im, int64_t now_ns)
{
    struct held *h;

    while ((h = pop(&im->out, now_ns))) {
        wire_send_bytes(im->below, h->end, h->bytes, h->len, now_ns);
        free(h);
    }
}

static void receive_below(struct impair *im, int64_t now_ns)
{
    struct wire_datagram d[WIRE_BURST];
    uint32_t n = wire_receive(im->below, d, WIRE_BURST, now_ns);

    for (uint32_t i = 0; i < n; i++)
        hold(im, &im->in, &d[i], now_ns);
    wire_release(im->below, d, n);
}

static uint32_t receive(struct wire *wire, struct wire_datagram *d, uint32_t n, int64_t now_ns)
{
    struct impair *im = self(wire);
    uint32_t got = 0;
    struct held *h;

    send_due(im, now_ns);
    receive_below(im, now_ns);
    for (; got < n && (h = pop(&im->in, now_ns)); got++)
        d[got] = (struct wire_datagram){.bytes = h->bytes, .buffer = h, .end = h->end, .len = h->len};
    wire->stats.received += got;
    return got;
}

static void release(struct wire *wire, struct wire_datagram *d, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        free(d[i].buffer);
}

static uint32_t reserve(struct wire *wire, struct wire_datagram *d, uint32_t n)
{
    return wire_reserve(self(wire)->below, d, n);
}

/* The buffers go back to where they came from, as left out. */
static void send_burst(struct wire *wire, struct wire_datagram *d, uint32_t n, int64_t now_ns)
{
    struct impair *im = self(wire);

    for (uint32_t i = 0; i < n; i++) {
        if (d[i].len > 0)
            hold(im, &im->out, &d[i], now_ns);
        wire->stats.sent += d[i].len > 0;
        d[i].len = 0;
    }
    wire_send(im->below, d, n, now_ns);
    send_due(im, now_ns);
}

static void discard(struct queue *q)
{
    while (q->n > 0)
        free(q->heap[--q->n]);
}

static void destroy(struct wire *wire)
{
    struct impair *im = self(wire);

    discard(&im->out);
    discard(&im->in);
    wire_destroy(im->below);
    wire_finish(wire);
    free(im);
}

static const struct wire_ops ops = {.connect = connect_end,
                                    .receive = receive,
                                    .release = release,
                                    .reserve = reserve,
                                    .send = send_burst,
                                    .destroy = destroy};

struct wire *impair_create(struct wire *below, const struct impair_conf *conf)
{
    struct impair *im = calloc(1, sizeof(*im));

    if (!im || wire_init(&im->wire, &ops, below->first_ip, below->max_ends) != 0) {
        wire_destroy(below);
        free(im);
        return NULL;
    }
    im->wire.udp_port = below->udp_port;
    im->below = below;
    im->conf = *conf;
    im->rng.state = conf->seed;
    return &im->wire;
}
