/* SPDX-License-Identifier: MIT */
/* How many instructions a packet costs, all but the cipher (null_srtp.c): counted by callgrind inside worker_turn, the
 * same on every run whatever the neighbours do. The program runs itself below valgrind, once a case. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/null_srtp.h"
#include "bench/world.h"
#include "common/util.h"

#define SLICES 8

const uint16_t null_srtp_tag = 0;

static const struct {
    const char *name;
    uint32_t fan, subscriptions;
    bool lively;
} cases[] = {{"room", 1, 1, false}, {"room", 9, 9, false}, {"room", 49, 49, false}, {"lively", 9, 90, true}};

/* What is counted. Says how many packets came out. */
static int work(size_t c)
{
    const struct world_conf conf = {.profile = SRTP_PROFILE_AEAD_AES_128_GCM,
                                    .size = 1200,
                                    .fan = cases[c].fan,
                                    .n_subscriptions = cases[c].subscriptions,
                                    .n_workers = 1,
                                    .lively = cases[c].lively};
    struct world_run run;
    unsigned long long out = 0;

    world_init(1);
    struct world *world = world_create(&conf);
    for (int i = 0; i < SLICES; i++) {
        world_run(world, &run);
        out += run.out;
    }
    printf("Packets : %llu\n", out);
    return 0;
}

/* 0: no valgrind, or the run failed. */
static double count(const char *self, size_t c)
{
    unsigned long long collected = 0, packets = 0;
    char command[4096], line[1024];

    snprintf(command, sizeof(command),
             "valgrind --tool=callgrind --callgrind-out-file=/dev/null --collect-atstart=no "
             "--toggle-collect=worker_turn '%s' --case %zu 2>&1",
             self, c);
    FILE *run = popen(command, "r");
    while (run && fgets(line, sizeof(line), run)) {
        char *at = strstr(line, "Collected :");
        if (at)
            collected = strtoull(at + strlen("Collected :"), NULL, 10);
        sscanf(line, "Packets : %llu", &packets);
    }
    return run && pclose(run) == 0 && packets > 0 ? (double)collected / (double)packets : 0;
}

static int print_row(size_t c, double instructions, bool json)
{
    if (instructions == 0) {
        fputs("bench: callgrind counted nothing: is valgrind there?\n", stderr);
        return 1;
    }
    printf(json ? "{\"bench\":\"instructions\",\"case\":\"%s\",\"size\":1200,\"n\":%u,\"keys\":%u,\"profile\":\"null\","
                  "\"instructions\":%.1f}\n"
                : "%-10s n %3u  subscriptions %3u  %8.1f\n",
           cases[c].name, cases[c].fan, cases[c].subscriptions, instructions);
    return 0;
}

int main(int argc, char **argv)
{
    bool json = argc == 2 && strcmp(argv[1], "--json") == 0;
    char self[2048];

    if (argc == 3 && strcmp(argv[1], "--case") == 0)
        return work(strtoul(argv[2], NULL, 10) % ARRAY_SIZE(cases));
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if ((argc > 1 && !json) || n < 0) {
        fputs("Instructions a packet out, without the cipher\nUsage: tools/bench instructions [--json]\n", stderr);
        return 2;
    }
    self[n] = '\0';
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t c = 0; c < ARRAY_SIZE(cases); c++)
        if (print_row(c, count(self, c), json) != 0)
            return 1;
    return 0;
}
