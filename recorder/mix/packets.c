/* SPDX-License-Identifier: MIT */
/* Packets that wait for their time. */
#include "recorder/mix/packets.h"

#include <assert.h>
#include <stdlib.h>

struct packets_entry {
    STAILQ_ENTRY(packets_entry) next;
    AVPacket *packet;
};

void packets_init(struct packets *q)
{
    STAILQ_INIT(&q->waiting);
    q->bytes = 0;
}

void packets_finish(struct packets *q)
{
    while (!packets_empty(q)) {
        AVPacket *packet = packets_get(q);
        av_packet_free(&packet);
    }
}

void packets_put(struct packets *q, AVPacket *packet)
{
    struct packets_entry *e = q->bytes > PACKETS_BYTES_MAX ? NULL : malloc(sizeof(*e));
    AVPacket *kept = e ? av_packet_alloc() : NULL;
    if (!kept) {
        av_packet_unref(packet);
        free(e);
        return;
    }
    av_packet_move_ref(kept, packet);
    e->packet = kept;
    q->bytes += kept->size;
    STAILQ_INSERT_TAIL(&q->waiting, e, next);
}

bool packets_empty(const struct packets *q)
{
    return STAILQ_EMPTY(&q->waiting);
}

const AVPacket *packets_first(const struct packets *q)
{
    assert(!packets_empty(q));
    return STAILQ_FIRST(&q->waiting)->packet;
}

AVPacket *packets_get(struct packets *q)
{
    struct packets_entry *e = STAILQ_FIRST(&q->waiting);
    AVPacket *packet = e->packet;
    STAILQ_REMOVE_HEAD(&q->waiting, next);
    q->bytes -= packet->size;
    free(e);
    return packet;
}
