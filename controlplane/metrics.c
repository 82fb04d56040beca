/* SPDX-License-Identifier: MIT */
/* metrics: one line a value, with what it means. */
#include "controlplane/metrics.h"

#include <stdio.h>
#include <stdlib.h>

#include "controlplane/hub.h"

static void head(FILE *f, const char *name, const char *type, const char *help)
{
    fprintf(f, "# HELP roomline_%s %s\n# TYPE roomline_%s %s\n", name, help, name, type);
}

static void gauge(FILE *f, const char *name, const char *help, double value)
{
    head(f, name, "gauge", help);
    fprintf(f, "roomline_%s %.17g\n", name, value);
}

/* Of every worker, by the last report of load. */
#define EACH_WORKER(f, hub, name, type, help, value)                                        \
    do {                                                                                    \
        head((f), (name), (type), (help));                                                  \
        for (uint32_t i = 0; i < (hub)->load.n_workers; i++)                                \
            fprintf((f), "roomline_%s{worker=\"%u\"} %.17g\n", (name), i, (double)(value)); \
    } while (0)

static void write_workers(FILE *f, const struct hub *hub)
{
    const struct dp_worker_load *workers = hub->load.workers;

    EACH_WORKER(f, hub, "worker_busy_ratio", "gauge", "Share of its time that a worker works.",
                workers[i].busy_permille / 1000.0);
    EACH_WORKER(f, hub, "worker_sessions", "gauge", "Sessions that a worker owns.", workers[i].sessions);
    EACH_WORKER(f, hub, "worker_receive_packets_per_second", "gauge", "Packets that come in.", workers[i].rx_pps);
    EACH_WORKER(f, hub, "worker_transmit_packets_per_second", "gauge", "Packets that go out.", workers[i].tx_pps);
    EACH_WORKER(f, hub, "worker_recorded_packets_total", "counter", "Packets copied for the recorder.",
                workers[i].tap_copies);
    EACH_WORKER(f, hub, "worker_unrecorded_packets_total", "counter",
                "Packets lost to the recording: the recorder was not there, or too slow.", workers[i].tap_lost);
}

static void write_recordings(FILE *f, const struct hub *hub)
{
    static const char *const of[] = {[REC_OF_TAKE] = "stream", [REC_OF_ROOM] = "room"};
    const struct records *r = &hub->records;

    gauge(f, "recorder_up", "1: the recorder is there.", rec_is_up(hub->rec));
    head(f, "recordings", "gauge", "Streams and rooms of which a recording is being made.");
    for (enum rec_state_of kind = REC_OF_TAKE; kind <= REC_OF_ROOM; kind++) {
        for (enum rec_state_id state = REC_IS_RECORDING; state <= REC_IS_FINISHING; state++)
            fprintf(f, "roomline_recordings{of=\"%s\",state=\"%s\"} %u\n", of[kind], rec_state_name(state),
                    r->n[kind][state]);
    }
    head(f, "recordings_total", "counter", "Recordings that are done, and how.");
    fprintf(f, "roomline_recordings_total{state=\"ready\"} %llu\nroomline_recordings_total{state=\"failed\"} %llu\n",
            (unsigned long long)r->n_ready, (unsigned long long)r->n_failed);
}

static void write_hooks(FILE *f, const struct hub *hub)
{
    head(f, "hooks_total", "counter", "Runs of the operator's programs, and how they ended.");
    for (enum hook hook = 0; hook < HOOK_COUNT; hook++) {
        struct hooks_count count = hooks_count(hub->hooks, hook);
        const char *name = hooks_name(hook);
        fprintf(f, "roomline_hooks_total{hook=\"%s\",result=\"ok\"} %llu\n", name, (unsigned long long)count.ok);
        fprintf(f, "roomline_hooks_total{hook=\"%s\",result=\"failed\"} %llu\n", name,
                (unsigned long long)count.failed);
        fprintf(f, "roomline_hooks_total{hook=\"%s\",result=\"dropped\"} %llu\n", name,
                (unsigned long long)count.dropped);
    }
}

char *metrics_write(const struct hub *hub, uint32_t n_websockets, uint64_t n_slow_readers)
{
    char *text = NULL;
    size_t bytes;
    FILE *f = open_memstream(&text, &bytes);

    if (!f)
        return NULL;
    gauge(f, "up", "1: the data plane is there and answers.", dp_is_up(hub->dp));
    gauge(f, "connections", "Open WebSockets.", n_websockets);
    gauge(f, "rooms", "Rooms.", hub->n_rooms);
    gauge(f, "participants", "People in rooms, once for each room.", hub->n_participants);
    head(f, "streams", "gauge", "Streams that are published, and played.");
    fprintf(f, "roomline_streams{kind=\"publish\"} %u\nroomline_streams{kind=\"play\"} %u\n", hub->n_published,
            hub->n_played);
    head(f, "slow_readers_total", "counter", "WebSockets closed because they were not read.");
    fprintf(f, "roomline_slow_readers_total %llu\n", (unsigned long long)n_slow_readers);
    write_recordings(f, hub);
    write_hooks(f, hub);
    if (dp_is_up(hub->dp))
        write_workers(f, hub);
    if (fclose(f) == 0)
        return text;
    free(text);
    return NULL;
}
