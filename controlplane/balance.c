/* SPDX-License-Identifier: MIT */
/* balance: the busiest worker's publishers against the gap to the least busy one. */
#include "controlplane/balance.h"

#include <stdlib.h>

#define HOT_US 5000000 /* shorter peaks pass by themselves, and a move has had its effect by then */
#define LIGHT  20      /* a share so many times lighter than the margin is not worth a move */

static uint32_t least_busy(const struct dp_load *load)
{
    uint32_t least = 0;

    for (uint32_t i = 1; i < load->n_workers; i++)
        if (load->workers[i].busy_permille < load->workers[least].busy_permille)
            least = i;
    return least;
}

/* When share s moves over a gap g, the gap the other way round is 2s - g. It stays below the margin, so that nothing
 * moves back for it; the best s is g / 2. NULL: none fits. */
static const struct dp_publish_load *pick(const struct dp_load *load, int64_t gap, int64_t margin)
{
    const struct dp_publish_load *best = NULL;
    int64_t best_left = INT64_MAX;

    for (uint32_t i = 0; i < load->n_heaviest; i++) {
        int64_t share = load->heaviest[i].busy_permille, left = 2 * share - gap;
        if (share == 0 || share < margin / LIGHT || left >= margin || llabs(left) >= best_left)
            continue;
        best = &load->heaviest[i];
        best_left = llabs(left);
    }
    return best;
}

bool balance_step(struct balance *b, const struct dp_load *load, uint32_t hot_permille, int64_t now_us,
                  struct balance_move *move)
{
    uint32_t busy = load->workers[load->busiest].busy_permille;

    if (b->hot != load->busiest || !hot_permille || busy < hot_permille)
        b->hot_since_us = 0;
    b->hot = load->busiest;
    if (!hot_permille || busy < hot_permille)
        return false;
    if (!b->hot_since_us)
        b->hot_since_us = now_us;
    if (now_us - b->hot_since_us < HOT_US)
        return false;
    uint32_t to = least_busy(load), margin = hot_permille / 4, gap = busy - load->workers[to].busy_permille;
    const struct dp_publish_load *publisher = gap > margin ? pick(load, gap, margin) : NULL;
    if (!publisher)
        return false;
    *move = (struct balance_move){.session = publisher->session, .from = b->hot, .to = to};
    b->hot_since_us = now_us;
    return true;
}
