/* SPDX-License-Identifier: MIT */
/* order: a window of slots by index. */
#include "recorder/film/order.h"

#include <assert.h>
#include <string.h>

void order_init(struct order *o)
{
    memset(o, 0, sizeof(*o));
}

static struct order_slot *slot_of(struct order *o, int64_t index)
{
    return &o->slots[(uint64_t)index % ORDER_SLOTS];
}

static void store(struct order *o, const struct packet *p)
{
    struct order_slot *slot = slot_of(o, p->index);
    if (slot->state == ORDER_WAITS && slot->packet.index == p->index) {
        o->duplicate++;
        return;
    }
    *slot = (struct order_slot){.packet = *p, .state = ORDER_WAITS};
    if (!o->waiting++ || p->index < o->first)
        o->first = p->index;
    if (p->index > o->highest)
        o->highest = p->index;
}

/* Before the first packet is given out an older one may still come, if the window holds both. */
static bool starts_earlier(const struct order *o, const struct packet *p)
{
    return !o->started && o->highest - p->index < ORDER_SLOTS;
}

static void refuse(struct order *o, const struct packet *p)
{
    const struct order_slot *slot = slot_of(o, p->index);
    if (slot->state == ORDER_GONE && slot->packet.index == p->index)
        o->duplicate++;
    else
        o->late++;
}

void order_put(struct order *o, const struct packet *p)
{
    assert(!o->is_held);
    if (!o->waiting && !o->started)
        o->next = p->index;
    if (p->rx_us > o->newest_us)
        o->newest_us = p->rx_us;
    if (p->index < o->next) {
        if (!starts_earlier(o, p)) {
            refuse(o, p);
            return;
        }
        o->next = p->index;
    }
    if (p->index - o->next < ORDER_SLOTS) {
        store(o, p);
    } else {
        o->held = *p;
        o->is_held = true;
    }
}

static void take_out(struct order *o, struct packet *p)
{
    struct order_slot *slot = slot_of(o, o->first);
    *p = slot->packet;
    p->after_loss = o->lost_one;
    slot->state = ORDER_GONE;
    o->lost_one = false;
    o->started = true;
    o->next = o->first + 1;
    if (--o->waiting == 0)
        return;
    do
        o->first++;
    while (slot_of(o, o->first)->state != ORDER_WAITS);
}

static void skip_to(struct order *o, int64_t index)
{
    if (index == o->next)
        return;
    o->lost += (uint64_t)(index - o->next);
    o->lost_one = true;
    o->next = index;
}

/* The window moves on as far as what is held needs it. */
static void let_in(struct order *o)
{
    if (!o->is_held || o->held.index - o->next >= ORDER_SLOTS)
        return;
    o->is_held = false;
    store(o, &o->held);
}

bool order_get(struct order *o, bool ended, struct packet *p)
{
    if (o->is_held && !o->waiting)
        skip_to(o, o->held.index - ORDER_SLOTS / 2); /* those just before it may still come */
    let_in(o);
    if (!o->waiting)
        return false;
    bool whole = o->started && o->first == o->next;
    bool waited = o->newest_us - slot_of(o, o->first)->packet.rx_us > ORDER_WAIT_US;
    if (!whole && !waited && !o->is_held && !ended)
        return false;
    skip_to(o, o->first);
    take_out(o, p);
    let_in(o);
    return true;
}
