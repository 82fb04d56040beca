/* SPDX-License-Identifier: MIT */
/* What every benchmark does: time in short samples, a row per case, as a table or as JSON. */
#ifndef ROOMLINE_BENCH_BENCH_H
#define ROOMLINE_BENCH_BENCH_H

#include <stdbool.h>
#include <stdint.h>

struct bench_figure { /* that only some benchmarks have; the unit stands in the name */
    const char *name;
    double value;
};

struct bench_row {
    const char *bench;
    const char *name;    /* of the case */
    const char *profile; /* of SRTP, or "" */
    uint32_t size;       /* RTP packet before its tag, bytes */
    uint32_t n;          /* packets a call, or receivers of a packet: the benchmark says which */
    uint32_t keys;
    double ns, ceiling_ns; /* per packet that goes out; the ceiling is of the same run */
    const struct bench_figure *figures;
    uint32_t n_figures;
};

struct bench_work {
    uint32_t (*round)(void *arg); /* returns the packets it did */
    void *arg;
};

/* Does one and the other in turn, again and again: a neighbour that slows the machine slows both. Medians over some
 * short samples, ns per packet. */
void bench_pair(const struct bench_work *work, const struct bench_work *ceiling, double *ns, double *ceiling_ns);

/* The same by hand, for work that needs preparing between samples. */
#define BENCH_SAMPLES 7
double bench_now_ns(void); /* CPU time of this thread */
double bench_sample(const struct bench_work *work);
double bench_median(double *samples); /* BENCH_SAMPLES; sorts them */

/* Options: --json. Exits with a message when there are others. */
void bench_start(int argc, char **argv, const char *what, uint32_t rows);
void bench_print(const struct bench_row *row);
void bench_finish(void);

#endif
