/* SPDX-License-Identifier: MIT */
/* Packets of one track that wait for their time, first in, first out, in bounded memory. */
#ifndef ROOMLINE_RECORDER_MIX_PACKETS_H
#define ROOMLINE_RECORDER_MIX_PACKETS_H

#include <libavcodec/packet.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#define PACKETS_BYTES_MAX (INT64_C(16) << 20) /* that wait, however odd the file's times are */

struct packets { /* init; finish drops what waits */
    STAILQ_HEAD(, packets_entry) waiting;
    int64_t bytes;
};

void packets_init(struct packets *q);
void packets_finish(struct packets *q);

/* Moves the packet into the queue; when there is no room it is dropped, as if lost on its way. */
void packets_put(struct packets *q, AVPacket *packet);

bool packets_empty(const struct packets *q);
const AVPacket *packets_first(const struct packets *q); /* of a queue that is not empty */
AVPacket *packets_get(struct packets *q);               /* the first one, out of it; the caller's to free */

#endif
