/* SPDX-License-Identifier: MIT */
/* Records of the control link through the dispatcher, and records of the punt link. Input: records, each behind its
 * length in 2 bytes; a record of type 0 is taken as one of the punt link. What they install is deleted at the end. */
#include <stdlib.h>
#include <string.h>

#include "common/util.h"
#include "plain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(struct plain *p, const uint8_t *record, size_t len)
{
    _Alignas(8) uint8_t msg[4096]; /* as ctl.c: a buffer of its own, aligned */

    memcpy(msg, record, len);
    if (len >= sizeof(struct dp_head) && ((const struct dp_head *)msg)->type == DP_MSG_NONE)
        objects_on_punt(&p->objects, msg, len);
    else
        objects_on_message(&p->objects, msg, len);
    plain_run(p, NULL, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct plain *p = plain_get();

    while (size >= 2) {
        size_t len = MIN((size_t)get_be16(data), MIN(size - 2, (size_t)4096));
        take(p, data + 2, len);
        data += 2 + len;
        size -= 2 + len;
    }
    for (int i = 0; i < 100 && p->objects.sessions; i++) {
        objects_del_all(&p->objects);
        plain_run(p, NULL, 0);
    }
    if (p->objects.sessions || p->objects.streams || p->objects.subscriptions || p->worker->n_sessions ||
        p->worker->n_tapped)
        abort();
    return 0;
}
