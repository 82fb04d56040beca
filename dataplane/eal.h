/* SPDX-License-Identifier: MIT */
/* The EAL's arguments, made from the configuration, so that nobody needs to know them: hugepages when there are enough,
 * ordinary memory else; PCI only when a PCI device is named; lcore 0 is ctl, lcore i + 1 is worker i. */
#ifndef ROOMLINE_DATAPLANE_EAL_H
#define ROOMLINE_DATAPLANE_EAL_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/conf.h"

#define EAL_ARGS_MAX 96

struct xdp;

struct eal_args {
    int n;
    char *v[EAL_ARGS_MAX]; /* heap; v[n] is NULL */
};

struct eal_host { /* what the machine has */
    uint64_t free_hugepage_bytes;
    const char *cpus;      /* that we may run on, as in "0-3,8" */
    const struct xdp *xdp; /* interfaces to take by AF_XDP; NULL: none */
};

/* 0 or -ENOMEM (too many as well). Both finish in eal_args_finish. */
int eal_args_make(struct eal_args *args, const struct conf *conf, const struct eal_host *host);
void eal_args_finish(struct eal_args *args);

/* Reads the machine. cpus: buffer for host->cpus. */
void eal_host_read(struct eal_host *host, char *cpus, size_t size);

void eal_write_cpus(const cpu_set_t *set, char *out, size_t size); /* "0-3,8" */

/* Megabytes the EAL needs for this configuration; xdp may be NULL. */
uint32_t eal_memory_mb(const struct conf *conf, const struct xdp *xdp);

bool eal_port_is_socket(const struct conf *conf); /* dataplane.port */
bool eal_port_is_xdp(const struct conf *conf);    /* xdp or auto */
bool eal_port_is_auto(const struct conf *conf);
bool eal_port_is_pci(const struct conf *conf);

/* What DPDK calls the device of dataplane.port: without its arguments, a PCI address with its domain. */
void eal_port_name(const struct conf *conf, char *out, size_t size);

#endif
