/* SPDX-License-Identifier: MIT */
/* What a wire carries when nothing is done to the packets: the ceiling of input and output. */
#ifndef ROOMLINE_BENCH_BLAST_H
#define ROOMLINE_BENCH_BLAST_H

#include <stdint.h>

#include "bench/wire.h"

/* A process of its own, on that CPU, sends datagrams of so many bytes to the first end of the wire as fast as it can;
 * packets a second that arrive. device: the other side of the wire, by its --vdev string; NULL: kernel sockets. 0: it
 * did not work. */
double blast_pps(struct wire *wire, const char *device, uint16_t bytes, int cpu);

/* main calls it first of all with its arguments: in such a process it does not return. */
void blast_main(int argc, char **argv);

#endif
