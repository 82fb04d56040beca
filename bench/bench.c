/* SPDX-License-Identifier: MIT */
/* Samples, medians, rows. */
#include "bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SAMPLE_NS 2e6

static struct {
    bool json, progress;
    uint32_t rows, done;
} state;

/* On a shared machine others get some of the time of the clock. */
double bench_now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

double bench_sample(const struct bench_work *work)
{
    double start = bench_now_ns(), spent;
    uint64_t packets = 0;
    uint32_t rounds = 4; /* doubled, since the clock is a system call */

    do {
        for (uint32_t i = 0; i < rounds; i++)
            packets += work->round(work->arg);
        rounds *= 2;
        spent = bench_now_ns() - start;
    } while (spent < SAMPLE_NS);
    return spent / (double)packets;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double bench_median(double *samples)
{
    qsort(samples, BENCH_SAMPLES, sizeof(samples[0]), compare);
    return samples[BENCH_SAMPLES / 2];
}

void bench_pair(const struct bench_work *work, const struct bench_work *ceiling, double *ns, double *ceiling_ns)
{
    double samples[BENCH_SAMPLES], ceilings[BENCH_SAMPLES];

    for (int i = 0; i < BENCH_SAMPLES; i++) {
        samples[i] = bench_sample(work);
        ceilings[i] = bench_sample(ceiling);
    }
    *ns = bench_median(samples);
    *ceiling_ns = bench_median(ceilings);
}

void bench_start(int argc, char **argv, const char *what, uint32_t rows)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--json") == 0) {
            state.json = true;
        } else {
            fprintf(stderr, "%s\nUsage: tools/bench NAME [--json]\n", what);
            exit(2);
        }
    state.rows = rows;
    state.progress = isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO);
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!state.json)
        printf("%s\n%-34s %-24s %5s %5s %6s %9s %9s %9s %6s\n", what, "case", "profile", "size", "n", "keys", "ns",
               "out Mpps", "ceiling", "share");
}

static void print_figures(const struct bench_row *r, const char *format)
{
    for (uint32_t i = 0; i < r->n_figures; i++)
        printf(format, r->figures[i].name, r->figures[i].value);
}

void bench_print(const struct bench_row *r)
{
    double mpps = 1e3 / r->ns, ceiling = 1e3 / r->ceiling_ns, share = r->ceiling_ns / r->ns;

    if (state.json) {
        printf("{\"bench\":\"%s\",\"case\":\"%s\",\"size\":%u,\"n\":%u,\"keys\":%u,\"profile\":\"%s\",\"ns\":%.1f,"
               "\"out_mpps\":%.4f,\"ceiling_mpps\":%.4f,\"share\":%.4f",
               r->bench, r->name, r->size, r->n, r->keys, r->profile, r->ns, mpps, ceiling, share);
        print_figures(r, ",\"%s\":%.6g");
        puts("}");
    } else {
        printf("%-34s %-24s %5u %5u %6u %9.1f %9.3f %9.3f %6.3f", r->name, r->profile, r->size, r->n, r->keys, r->ns,
               mpps, ceiling, share);
        print_figures(r, "  %s %.4g");
        putchar('\n');
    }
    state.done++;
    if (state.progress)
        fprintf(stderr, "\r%s [%.*s%.*s] %u/%u", r->bench, (int)(state.done * 40 / state.rows),
                "########################################", (int)(40 - state.done * 40 / state.rows),
                "........................................", state.done, state.rows);
}

void bench_finish(void)
{
    if (state.progress)
        fputc('\n', stderr);
}
