/* SPDX-License-Identifier: MIT */
/* placement: workers by what they are expected to be loaded with. */
#include "controlplane/placement.h"

#include <assert.h>
#include <errno.h>

#include "common/util.h"

#define SESSION_PERMILLE     5  /* of one about whose kind nothing is known */
#define SESSION_PERMILLE_MAX 50 /* few sessions, or load that is not theirs */
#define ALIKE_PERMILLE       50 /* differences below that are chance */

void placement_start(struct placement *p, uint32_t n_workers)
{
    placement_report(p, &(struct dp_load){.n_workers = n_workers});
}

void placement_report(struct placement *p, const struct dp_load *load)
{
    p->n_workers = load->n_workers;
    for (uint32_t i = 0; i < p->n_workers; i++) {
        p->workers[i].busy_permille = load->workers[i].busy_permille;
        p->workers[i].placed = 0;
    }
}

void placement_add(struct placement *p, uint32_t worker)
{
    p->workers[worker].sessions++;
    p->workers[worker].placed++;
}

void placement_del(struct placement *p, uint32_t worker)
{
    assert(p->workers[worker].sessions > 0);
    p->workers[worker].sessions--;
    p->workers[worker].placed = MIN(p->workers[worker].placed, p->workers[worker].sessions);
}

void placement_move(struct placement *p, uint32_t from, uint32_t to)
{
    placement_del(p, from);
    p->workers[to].sessions++;
}

static uint32_t session_permille(const struct placement *p)
{
    uint32_t busy = 0, sessions = 0;

    for (uint32_t i = 0; i < p->n_workers; i++) {
        busy += p->workers[i].busy_permille;
        sessions += p->workers[i].sessions - p->workers[i].placed;
    }
    return sessions ? MIN(busy / sessions + 1, (uint32_t)SESSION_PERMILLE_MAX) : SESSION_PERMILLE;
}

static uint32_t expected_permille(const struct placement *p, uint32_t worker)
{
    return p->workers[worker].busy_permille + p->workers[worker].placed * session_permille(p);
}

bool placement_has_room(const struct placement *p, uint32_t worker, uint32_t max_permille)
{
    return expected_permille(p, worker) < max_permille;
}

int placement_pick(const struct placement *p, uint32_t max_permille)
{
    uint32_t least = UINT32_MAX;
    int best = -EBUSY;

    for (uint32_t i = 0; i < p->n_workers; i++)
        least = MIN(least, expected_permille(p, i));
    for (uint32_t i = 0; i < p->n_workers; i++)
        if (placement_has_room(p, i, max_permille) && expected_permille(p, i) < least + ALIKE_PERMILLE &&
            (best < 0 || p->workers[i].sessions < p->workers[best].sessions))
            best = (int)i;
    return best;
}
