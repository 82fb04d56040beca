/* SPDX-License-Identifier: MIT */
/* How far it is. */
#include "recorder/mix/progress.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/util.h"

#define SHOW_US   100000
#define BAR_WIDTH 40

void progress_init(struct progress *p, enum progress_kind kind, int64_t now_us)
{
    *p = (struct progress){.kind = kind, .begun_us = now_us, .shown = -1};
}

static void draw_bar(const struct progress *p, int64_t now_us, int permille)
{
    static const char full[] = "########################################";
    int width = permille * BAR_WIDTH / 1000;
    int64_t spent_s = (now_us - p->begun_us) / 1000000;
    int64_t left_s = permille ? spent_s * (1000 - permille) / permille : 0;
    fprintf(stderr, "\r[%-*.*s] %3d%%  %" PRId64 ":%02" PRId64 " left ", BAR_WIDTH, width, full, permille / 10,
            left_s / 60, left_s % 60);
    if (permille == 1000)
        fputc('\n', stderr);
}

void progress_show(struct progress *p, int64_t now_us, int64_t done, int64_t all)
{
    int permille = all > 0 ? (int)MIN(done * 1000 / all, 1000) : 1000;
    if (p->kind == PROGRESS_NONE || permille == p->shown || (permille < 1000 && now_us - p->shown_us < SHOW_US))
        return;
    p->shown = permille;
    p->shown_us = now_us;
    if (p->kind == PROGRESS_BAR) {
        draw_bar(p, now_us, permille);
    } else {
        printf("{\"progress\": %d}\n", permille);
        fflush(stdout);
    }
}
