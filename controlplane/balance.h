/* SPDX-License-Identifier: MIT */
/* Balance: when a worker stays hot and another has room, which publisher moves there, with all that play it. No clock,
 * no socket. One move at a time, and none that the next reports would take back. */
#ifndef ROOMLINE_CONTROLPLANE_BALANCE_H
#define ROOMLINE_CONTROLPLANE_BALANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/dp_proto.h"

struct balance {          /* zeroed: nobody is hot */
    uint32_t hot;         /* this worker, */
    int64_t hot_since_us; /* since then, or the last move; 0: nobody */
};

struct balance_move {
    uint64_t session; /* that publishes */
    uint32_t from, to;
};

/* A report has come. hot_permille: a worker is hot from there on; 0: never. true: *move is to be made. */
bool balance_step(struct balance *b, const struct dp_load *load, uint32_t hot_permille, int64_t now_us,
                  struct balance_move *move);

#endif
