/* SPDX-License-Identifier: MIT */
/* A child process: started with its output in a file, ended by its id. */
#ifndef ROOMLINE_TESTS_PROC_PROCESS_H
#define ROOMLINE_TESTS_PROC_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct process {
    pid_t pid;     /* 0: none */
    int status;    /* of waitpid, once it has ended */
    char log[128]; /* stdout and stderr */
};

/* argv[0] is the path. Ends with us if we die. 0 or -errno. */
int process_start(struct process *p, const char *log, const char *const *argv);

bool process_runs(struct process *p); /* false: it has ended (and is reaped), or never started */

/* The signal, and the end: the status of waitpid, or -ETIMEDOUT (then it was killed). */
int process_stop(struct process *p, int signal_number, int64_t timeout_us);

int64_t process_cpu_us(const struct process *p);     /* user and system time so far, all threads */
int64_t process_peak_bytes(const struct process *p); /* the most memory it has had so far; -1: it has ended */
char *process_output(const struct process *p);       /* all of the log, to be freed; "" if there is none */
void process_print_log(const struct process *p, const char *title, unsigned lines); /* the last ones, as TAP comments */

/* Runs to the end: the exit status, or -1. output may be NULL, else it is to be freed. */
int process_run(const char *const *argv, char **output);

#endif
