/* SPDX-License-Identifier: MIT */
/* worker path */
/* DTLS between peer and controlplane: records from known address pairs go up, rate-limited per session; answers go back
 * over the pair the record came from. */
#include <assert.h>

#include "dataplane/frame.h"
#include "dataplane/worker.h"

#define WINDOW_US      1000000
#define DTLS_IN_WINDOW 64 /* a handshake takes about ten datagrams */

static bool over_rate(struct session *s, int64_t now_us)
{
    if (now_us - s->dtls_window_us >= WINDOW_US) {
        s->dtls_window_us = now_us;
        s->dtls_in_window = 0;
    }
    return s->dtls_in_window++ >= DTLS_IN_WINDOW;
}

void punt_dtls(struct worker *w, struct rte_mbuf *m, int64_t now_us)
{
    struct session *s = pkt(m)->session;

    assert(session_is_mine(w, s));
    if (over_rate(s, now_us)) {
        worker_drop(w, m, DROP_DTLS_RATE);
        return;
    }
    if (pkt(m)->payload_len > DP_PUNT_BYTES_MAX) {
        worker_drop(w, m, DROP_DTLS_OVERSIZE);
        return;
    }
    s->ice.dtls = pkt(m)->tuple;
    if (mailbox_send(w->ctl_mailbox, m, MAIL_PUNT) == 0)
        w->stats.dtls_punted++;
    else
        worker_drop(w, m, DROP_PUNT_FULL);
}

void punt_answer(struct worker *w, struct rte_mbuf *m)
{
    struct session *s = pkt(m)->session;
    const struct tuple *t = &s->ice.tuples[pkt(m)->tuple];

    assert(session_is_mine(w, s) && pkt(m)->tuple < SESSION_TUPLES_MAX);
    if (!t->entered) /* evicted since: DTLS sends again */
        t = session_send_tuple(s);
    if (!t) {
        worker_drop(w, m, DROP_SUBSCRIBER_NOT_READY);
        return;
    }
    frame_datagram(w, &t->head, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len);
    w->stats.dtls_sent++;
    rte_pktmbuf_free(m);
}
