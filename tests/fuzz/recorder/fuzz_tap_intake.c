/* SPDX-License-Identifier: MIT */
/* Any bytes as what a dataplane left in its ring, and any head: the records that come out are whole, and so is what the
 * recorder makes of them. Input: 8 bytes of the head, then the ring. */
#include <stdlib.h>
#include <string.h>

#include "common/util.h"
#include "recorder/intake.h"
#include "recorder/keyframes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct keyframes keyframes;
static uint64_t sum;

static void on_record(void *arg, uint32_t ring, const struct tap_record *r)
{
    const uint8_t *body = (const uint8_t *)(r + 1);
    if (r->type == TAP_PAD || r->type >= TAP_TYPE_COUNT || r->bytes != tap_record_bytes(r->body_bytes))
        abort();
    for (uint32_t i = 0; i < r->body_bytes; i++)
        sum += body[i];
    if (r->type == TAP_RTP)
        keyframes_take(&keyframes, r, 1 + r->stream % (CODEC_COUNT - 1), 1000000);
}

static void on_lost(void *arg, uint32_t ring, uint64_t records)
{
    if (!records)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static _Alignas(TAP_PAGE_BYTES) uint8_t slab[TAP_PAGE_BYTES + TAP_RING_BYTES_MIN], tails[TAP_PAGE_BYTES];
    struct tap_head *head = (struct tap_head *)slab;
    struct intake in;
    uint64_t at;
    if (size < sizeof(at))
        return 0;
    memcpy(&at, data, sizeof(at));
    memset(slab, 0, sizeof(slab));
    memcpy(slab + TAP_PAGE_BYTES, data + sizeof(at), MIN(size - sizeof(at), TAP_RING_BYTES_MIN));
    if (intake_init(&in, NULL, "run"))
        abort();
    in.readers = calloc(1, sizeof(*in.readers));
    tap_reader_init(in.readers, slab, tails, 0, TAP_RING_BYTES_MIN);
    in.hello.n_rings = 1;
    in.up = true;
    in.on_record = on_record;
    in.on_lost = on_lost;
    keyframes = (struct keyframes){0};
    atomic_store(&head->head, at);
    intake_poll(&in);
    atomic_store(&head->lost, at >> 8);
    intake_poll(&in);
    intake_finish(&in);
    return 0;
}
