/* SPDX-License-Identifier: MIT */
/* What all wires share: their ends. */
#include "bench/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/util.h"

int wire_init(struct wire *wire, const struct wire_ops *ops, uint32_t first_ip, uint32_t max_ends)
{
    *wire = (struct wire){.ops = ops, .first_ip = first_ip, .max_ends = max_ends};
    wire->remotes = calloc(max_ends, sizeof(*wire->remotes));
    return wire->remotes ? 0 : -ENOMEM;
}

void wire_finish(struct wire *wire)
{
    free(wire->remotes);
}

int wire_add_end(struct wire *wire)
{
    return wire->n_ends < wire->max_ends ? (int)wire->n_ends++ : -ENOSPC;
}

struct dp_addr wire_local(const struct wire *wire, uint32_t end)
{
    struct dp_addr addr = {.ip = {[10] = 0xff, [11] = 0xff}, .port = wire->udp_port};

    put_be32(addr.ip + 12, wire->first_ip + end);
    return addr;
}

int wire_connect(struct wire *wire, uint32_t end, const struct dp_addr *remote)
{
    static const uint8_t v4_mapped[12] = {[10] = 0xff, [11] = 0xff};

    if (memcmp(remote->ip, v4_mapped, sizeof(v4_mapped)) != 0)
        return -EAFNOSUPPORT;
    int err = wire->ops->connect(wire, end, get_be32(remote->ip + sizeof(v4_mapped)), remote->port);
    if (!err)
        wire->remotes[end] = *remote;
    return err;
}

void wire_send_bytes(struct wire *wire, uint32_t end, const void *bytes, size_t len, int64_t now_ns)
{
    struct wire_datagram d;

    if (len > WIRE_BYTES || wire_reserve(wire, &d, 1) != 1) {
        wire->stats.refused++;
        return;
    }
    memcpy(d.bytes, bytes, len);
    d.end = end;
    d.len = (uint16_t)len;
    wire_send(wire, &d, 1, now_ns);
}

void wire_destroy(struct wire *wire)
{
    if (wire)
        wire->ops->destroy(wire);
}
