/* SPDX-License-Identifier: MIT */
/* The EAL's arguments from the configuration. */
#include "dataplane/eal.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/util.h"
#include "dataplane/pools.h"
#include "dataplane/xdp.h"

#define CPUS_TEXT_BYTES 4096
#define BASE_MB         64   /* EAL, telemetry, rings, a port's own */
#define SESSION_BYTES   4096 /* table entries and mails */

bool eal_port_is_socket(const struct conf *conf)
{
    return strcmp(conf->dataplane_port, "socket") == 0;
}

bool eal_port_is_auto(const struct conf *conf)
{
    return strcmp(conf->dataplane_port, "auto") == 0;
}

bool eal_port_is_xdp(const struct conf *conf)
{
    return strcmp(conf->dataplane_port, "xdp") == 0 || eal_port_is_auto(conf);
}

/* Domain:bus:device.function, the domain may be left out. */
bool eal_port_is_pci(const struct conf *conf)
{
    unsigned a, b, c, d;
    int end = 0;
    const char *s = conf->dataplane_port;

    if (sscanf(s, "%4x:%2x:%2x.%1x%n", &a, &b, &c, &d, &end) == 4 && (s[end] == '\0' || s[end] == ','))
        return true;
    return sscanf(s, "%2x:%2x.%1x%n", &a, &b, &c, &end) == 3 && (s[end] == '\0' || s[end] == ',');
}

void eal_port_name(const struct conf *conf, char *out, size_t size)
{
    const char *s = conf->dataplane_port;
    bool domain = !eal_port_is_pci(conf) || strchr(strchr(s, ':') + 1, ':'); /* DPDK's names of PCI devices have one */

    snprintf(out, size, "%s%.*s", domain ? "" : "0000:", (int)strcspn(s, ","), s);
}

uint32_t eal_memory_mb(const struct conf *conf, const struct xdp *xdp)
{
    uint64_t bytes = pools_bytes(conf, xdp) + (uint64_t)conf->dataplane_max_sessions * SESSION_BYTES;
    return BASE_MB + 4 * conf->workers_count + (uint32_t)(bytes >> 20);
}

__attribute__((format(printf, 2, 3))) static void add(struct eal_args *args, const char *format, ...)
{
    va_list ap;
    char *text = NULL;

    va_start(ap, format);
    if (args->n < 0 || args->n == EAL_ARGS_MAX - 1 || vasprintf(&text, format, ap) < 0) {
        eal_args_finish(args);
        args->n = -1;
    } else {
        args->v[args->n++] = text;
    }
    va_end(ap);
}

static void read_cpus(const char *text, cpu_set_t *set)
{
    CPU_ZERO(set);
    for (char *end; *text; text = *end ? end + 1 : end) {
        unsigned long first = strtoul(text, &end, 10), last = *end == '-' ? strtoul(end + 1, &end, 10) : first;
        for (; first <= last && first < CPU_SETSIZE; first++)
            CPU_SET(first, set);
    }
}

/* What workers have for themselves is left out, unless that is all. */
static void write_ctl_cpus(const struct conf *conf, const struct eal_host *host, char *out, size_t size)
{
    cpu_set_t set;

    read_cpus(host->cpus, &set);
    for (size_t i = 0; i < conf->workers_cores.n; i++)
        CPU_CLR(strtoul(conf->workers_cores.items[i], NULL, 10), &set);
    if (CPU_COUNT(&set) > 0)
        eal_write_cpus(&set, out, size);
    else
        snprintf(out, size, "%s", host->cpus);
}

/* Floating lcores may run on every CPU that we may, but ctl, and with it telemetry, on none that is a worker's; a
 * pinned one on its own. */
static void add_lcores(struct eal_args *args, const struct conf *conf, const struct eal_host *host)
{
    char *text = NULL, ctl[CPUS_TEXT_BYTES];
    size_t size;
    FILE *f = open_memstream(&text, &size);

    if (!f) {
        eal_args_finish(args);
        args->n = -1;
        return;
    }
    write_ctl_cpus(conf, host, ctl, sizeof(ctl));
    fprintf(f, "0@(%s)", ctl);
    for (uint32_t i = 0; i < conf->workers_count; i++)
        if (i < conf->workers_cores.n)
            fprintf(f, ",%u@%s", i + 1, conf->workers_cores.items[i]);
        else
            fprintf(f, ",%u@(%s)", i + 1, host->cpus);
    fclose(f);
    add(args, "--lcores=%s", text);
    free(text);
    add(args, "--main-lcore=0");
}

static void add_memory(struct eal_args *args, const struct conf *conf, const struct eal_host *host)
{
    uint32_t mb = eal_memory_mb(conf, host->xdp);

    if (host->free_hugepage_bytes >> 20 >= mb) {
        add(args, "--in-memory");
        add(args, "--single-file-segments"); /* memif and virtio_user ask for it */
        add(args, "--iova-mode=va");
    } else {
        add(args, "--no-huge");
    }
    add(args, "-m");
    add(args, "%u", mb);
}

/* "--vdev=NAME,..." or, as two words, "NAME,..." */
static bool is_named_already(const struct conf *conf)
{
    static const char option[] = "--vdev=";
    size_t len = strcspn(conf->dataplane_port, ",");

    for (size_t i = 0; i < conf->dataplane_eal.n; i++) {
        const char *word = conf->dataplane_eal.items[i];
        if (strncmp(word, option, strlen(option)) == 0)
            word += strlen(option);
        if (strcspn(word, ",") == len && strncmp(word, conf->dataplane_port, len) == 0)
            return true;
    }
    return false;
}

/* One device per channel: the driver takes more only from interfaces that have combined channels. It busy-polls: a
 * system call for each empty look, which only a channel that receives into our memory itself may need. */
static void add_xdp(struct eal_args *args, const struct xdp *xdp)
{
    char name[XDP_DEVICE_NAME_BYTES];

    for (uint32_t i = 0; i < xdp->n; i++)
        for (uint16_t c = 0; c < xdp->interfaces[i].n_channels; c++) {
            xdp_device_name(name, i, c);
            add(args, "--vdev=%s,iface=%s,start_queue=%u,queue_count=1,xdp_prog=/proc/self/fd/%d%s", name,
                xdp->interfaces[i].name, c, xdp->program_fd, xdp->interfaces[i].zero_copy ? "" : ",busy_budget=0");
        }
}

static void add_devices(struct eal_args *args, const struct conf *conf, const struct eal_host *host)
{
    if (eal_port_is_pci(conf))
        add(args, "--allow=%s", conf->dataplane_port);
    else
        add(args, "--no-pci");
    if (host->xdp)
        add_xdp(args, host->xdp);
    if (!eal_port_is_socket(conf) && !eal_port_is_xdp(conf) && !eal_port_is_pci(conf) && !is_named_already(conf))
        add(args, "--vdev=%s", conf->dataplane_port);
}

int eal_args_make(struct eal_args *args, const struct conf *conf, const struct eal_host *host)
{
    *args = (struct eal_args){0};
    add(args, "roomline-dataplane");
    add_lcores(args, conf, host);
    add_memory(args, conf, host);
    add_devices(args, conf, host);
    add(args, "--file-prefix=roomline");
    add(args, "--log-level=error");
    for (size_t i = 0; i < conf->dataplane_eal.n; i++)
        add(args, "%s", conf->dataplane_eal.items[i]);
    if (args->n >= 0)
        return 0;
    args->n = 0;
    return -ENOMEM;
}

void eal_args_finish(struct eal_args *args)
{
    for (int i = 0; i < args->n; i++)
        free(args->v[i]);
    *args = (struct eal_args){0};
}

/* ---- The machine ---- */

static uint64_t read_number(const char *dir, const char *name)
{
    char path[512];
    unsigned long long n = 0;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *f = fopen(path, "re");
    if (!f)
        return 0;
    if (fscanf(f, "%llu", &n) != 1)
        n = 0;
    fclose(f);
    return n;
}

static uint64_t free_hugepage_bytes(void)
{
    static const char root[] = "/sys/kernel/mm/hugepages";
    uint64_t bytes = 0;
    DIR *dir = opendir(root);

    if (!dir)
        return 0;
    for (struct dirent *e; (e = readdir(dir));) {
        unsigned long long kb;
        char path[384];
        if (sscanf(e->d_name, "hugepages-%llukB", &kb) != 1)
            continue;
        snprintf(path, sizeof(path), "%s/%s", root, e->d_name);
        bytes += read_number(path, "free_hugepages") * kb * 1024;
    }
    closedir(dir);
    return bytes;
}

void eal_write_cpus(const cpu_set_t *set, char *out, size_t size)
{
    size_t at = 0;

    out[0] = '\0';
    for (int cpu = 0; cpu < CPU_SETSIZE && at < size; cpu++) {
        if (!CPU_ISSET(cpu, set))
            continue;
        int last = cpu;
        while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, set))
            last++;
        int n = last > cpu ? snprintf(out + at, size - at, "%s%d-%d", at ? "," : "", cpu, last)
                           : snprintf(out + at, size - at, "%s%d", at ? "," : "", cpu);
        at += (size_t)n;
        cpu = last;
    }
}

void eal_host_read(struct eal_host *host, char *cpus, size_t size)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof(set), &set) != 0)
        CPU_SET(0, &set);
    eal_write_cpus(&set, cpus, size);
    *host = (struct eal_host){.free_hugepage_bytes = free_hugepage_bytes(), .cpus = cpus};
}
