/* SPDX-License-Identifier: MIT */
/* Hooks: the operator's programs, run when a recording is ready. Never through a shell: a program and its arguments.
 * Each run is a process group of its own, without any descriptor of ours but a pipe, from which its output goes to the
 * log line by line. One at a time of each kind, the others wait; one that runs for too long gets SIGTERM, five seconds
 * later SIGKILL, with all its group. Nothing here blocks: SIGCHLD must come to hooks_on_child from the owner's loop. */
#ifndef ROOMLINE_CONTROLPLANE_HOOKS_H
#define ROOMLINE_CONTROLPLANE_HOOKS_H

#include <stdbool.h>
#include <stdint.h>

#define HOOKS_QUEUE_MAX 1000 /* runs of a kind that may wait */
#define HOOKS_ARGS_MAX  6    /* of a run, with the program */

/* id, label in metrics and log, nice value */
#define HOOK_LIST(X)       \
    X(RECORD, "record", 0) \
    X(MULTIPLE, "multiple_record", 10)

enum hook {
#define X(id, name, nice) HOOK_##id,
    HOOK_LIST(X)
#undef X
        HOOK_COUNT
};

struct hooks_count {  /* since the start */
    uint64_t ok;      /* ended with status 0 */
    uint64_t failed;  /* otherwise, or could not be started */
    uint64_t dropped; /* did not fit into the queue */
};

struct hooks;

struct hooks *hooks_create(void);    /* NULL: no memory */
void hooks_destroy(struct hooks *h); /* what runs is left to its end; what waits is forgotten */

/* args: the program first, then NULL at the end; copied. timeout_ms: of the run. */
void hooks_run(struct hooks *h, enum hook hook, const char *const *args, int64_t timeout_ms);

struct hooks_count hooks_count(const struct hooks *h, enum hook hook);
const char *hooks_name(enum hook hook);

/* Event loop. The descriptor (-1: none) to watch for input changes inside these calls and hooks_run. */
int hooks_fd(const struct hooks *h, enum hook hook);
void hooks_on_readable(struct hooks *h, enum hook hook);
void hooks_on_child(struct hooks *h);             /* SIGCHLD came */
void hooks_tick(struct hooks *h, int64_t now_us); /* call at least every 500 ms */

#endif
