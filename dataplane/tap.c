/* SPDX-License-Identifier: MIT */
/* worker path */
/* The tee: what comes of a stream that is recorded is copied into the worker's ring (common/tap_ring.h), in the clear
 * and as it was sent, before it is forwarded. What finds no room there is lost to the recording, never to the room. */
#include <string.h>

#include "common/rtcp.h"
#include "dataplane/stream.h"
#include "dataplane/worker.h"

_Static_assert(PKT_DATAROOM <= TAP_BODY_MAX, "every packet fits into a record");

static void copy_packet(struct tap_writer *tap, struct rte_mbuf *m)
{
    const struct pkt *p = pkt(m);
    struct tap_record *r = tap_reserve(tap, TAP_RTP, p->payload_len);

    if (!r)
        return;
    r->stream = p->stream->id;
    r->rx_us = p->rx_us;
    r->index = p->index;
    memcpy(r + 1, pkt_payload(m), p->payload_len); /* past the cache, or the next record prefetched, was no faster */
}

void tap_burst(struct worker *w, const struct burst *b)
{
    for (uint32_t i = 0; i < b->n; i++)
        if (pkt(b->m[i])->stream->tapped)
            copy_packet(&w->tap, b->m[i]);
    tap_publish(&w->tap); /* with the sender reports that receive came upon */
}

void tap_sr(struct worker *w, const struct stream *st, const struct rtcp_sr *sr, int64_t rx_us)
{
    struct tap_record *r = st->tapped ? tap_reserve(&w->tap, TAP_SR, sizeof(struct tap_sr)) : NULL;

    if (!r)
        return;
    r->stream = st->id;
    r->rx_us = rx_us;
    r->index = 0;
    *(struct tap_sr *)(r + 1) = (struct tap_sr){.ntp = sr->ntp, .rtp_ts = sr->rtp_ts, .packets = sr->packets};
}

void tap_attach(struct worker *w, struct stream *st, int64_t now_us)
{
    w->n_tapped += !st->tapped;
    st->tapped = true;
    stream_want_keyframe(w, st, now_us);
}

void tap_detach(struct worker *w, struct stream *st)
{
    w->n_tapped -= st->tapped;
    st->tapped = false;
}
