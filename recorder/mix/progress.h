/* SPDX-License-Identifier: MIT */
/* How far it is: a bar on a terminal, lines of JSON for a program, or nothing. */
#ifndef ROOMLINE_RECORDER_MIX_PROGRESS_H
#define ROOMLINE_RECORDER_MIX_PROGRESS_H

#include <stdint.h>

enum progress_kind { PROGRESS_NONE, PROGRESS_BAR, PROGRESS_JSON };

struct progress {
    enum progress_kind kind;
    int64_t begun_us, shown_us;
    int shown; /* permille; -1: nothing yet */
};

void progress_init(struct progress *p, enum progress_kind kind, int64_t now_us);

/* done of all, in any unit. Shown at most ten times a second, and always at the end: the bar on stderr, {"progress":
 * 0..1000} on stdout. */
void progress_show(struct progress *p, int64_t now_us, int64_t done, int64_t all);

#endif
