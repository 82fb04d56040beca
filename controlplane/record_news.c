/* SPDX-License-Identifier: MIT */
/* record_news: who hears of a recording's state. */
#include "controlplane/record_news.h"

#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "conf/conf.h"
#include "controlplane/files.h"
#include "controlplane/hub.h"
#include "controlplane/recording.h"
#include "controlplane/room.h"

struct held_news {
    uint64_t room; /* is waited for */
    struct rec_state state;
    STAILQ_ENTRY(held_news) entry;
};

static void log_state(const struct rec_state *s)
{
    const char *of = s->of == REC_OF_ROOM ? "room" : "stream", *state = rec_state_name((enum rec_state_id)s->state);
    if (s->state == REC_IS_FAILED)
        LOG_EVENT(WARN, REC, "recording state=%s of=%s name=%s room=%s file=%s error=%s", state, of, s->stream_name,
                  s->room, s->file, s->error);
    else
        LOG_EVENT(INFO, REC, "recording state=%s of=%s name=%s room=%s file=%s bytes=%" PRIu64 " duration_ms=%" PRId64,
                  state, of, s->stream_name, s->room, s->file, s->bytes, s->duration_us / MS_US);
}

static void tell_room(struct hub *hub, const struct rec_state *s)
{
    struct room *r;
    HASH_FIND_STR(hub->rooms, s->room, r);
    if (r)
        room_tell_all(r, "RECORDED",
                      json_pack("{s:s, s:o*, s:s, s:I, s:I}", "file", s->file, "stream", json_string(s->stream_name),
                                "state", rec_state_name((enum rec_state_id)s->state), "bytes", (json_int_t)s->bytes,
                                "duration_ms", (json_int_t)(s->duration_us / MS_US)));
}

/* Hooks get names that stand by themselves, whatever their working folder is. */
static void find_path(const struct hub *hub, const char *file, char *path, size_t size)
{
    char folder[PATH_MAX];
    const char *dir = hub->out.conf->record_dir;
    snprintf(path, size, "%s/%s", realpath(dir, folder) ? folder : dir, file);
}

static bool is_off(const char *script)
{
    return !*script || !strcmp(script, "none");
}

static void run_stream_hook(struct hub *hub, const struct rec_state *s)
{
    const struct conf *conf = hub->out.conf;
    char path[PATH_MAX + REC_FILE_BYTES];
    if (is_off(conf->on_record_hook_script))
        return;
    find_path(hub, s->file, path, sizeof(path));
    const char *const args[] = {conf->on_record_hook_script, s->stream_name, path, NULL};
    hooks_run(hub->hooks, HOOK_RECORD, args, conf->record_hook_timeout_ms);
}

static bool find_script(const char *script, char path[PATH_MAX])
{
    if (strcmp(script, "default"))
        return strlen(script) < PATH_MAX && strcpy(path, script);
    int err = files_find_own("tools/on_multiple_record_hook.sh", path);
    if (err)
        LOG_RL(ERROR, HOOK, "no on_multiple_record_hook.sh came with the program error=%s", strerror(-err));
    return !err;
}

static void run_room_hook(struct hub *hub, const struct rec_state *s)
{
    const struct conf *conf = hub->out.conf;
    char script[PATH_MAX], path[PATH_MAX + REC_FILE_BYTES], start_ms[32], duration_ms[32];
    char uri[REC_NAME_BYTES + 32];
    if (is_off(conf->on_multiple_record_hook_script) || !find_script(conf->on_multiple_record_hook_script, script))
        return;
    find_path(hub, s->file, path, sizeof(path));
    snprintf(start_ms, sizeof(start_ms), "%" PRId64, s->start_unix_us / MS_US);
    snprintf(duration_ms, sizeof(duration_ms), "%" PRId64, s->duration_us / MS_US);
    snprintf(uri, sizeof(uri), "multi-recorder://%s", s->room);
    const char *const args[] = {script, path, start_ms, duration_ms, uri, NULL};
    hooks_run(hub->hooks, HOOK_MULTIPLE, args, conf->record_mix_timeout_ms);
}

static void spread(struct hub *hub, const struct rec_state *s)
{
    if (!*s->file)
        return;
    if (s->of == REC_OF_TAKE)
        tell_room(hub, s);
    if (s->state == REC_IS_READY && s->of == REC_OF_TAKE)
        run_stream_hook(hub, s);
    else if (s->state == REC_IS_READY)
        run_room_hook(hub, s);
}

static void hold(struct record_news *news, uint64_t room, const struct rec_state *s)
{
    struct held_news *held = malloc(sizeof(*held));
    if (!held)
        abort();
    held->room = room;
    held->state = *s;
    STAILQ_INSERT_TAIL(&news->held, held, entry);
}

/* The room is done, so the files of its takes are what they stay. */
static void release(struct hub *hub, uint64_t room)
{
    struct held_news *next;
    for (struct held_news *held = STAILQ_FIRST(&hub->record_news.held); held; held = next) {
        next = STAILQ_NEXT(held, entry);
        if (held->room != room)
            continue;
        STAILQ_REMOVE(&hub->record_news.held, held, held_news, entry);
        spread(hub, &held->state);
        free(held);
    }
}

static void serve_news(struct hub *hub, const struct rec_state *s, uint64_t waits_for)
{
    log_state(s);
    if (s->state == REC_IS_FAILED && s->of == REC_OF_TAKE)
        recording_on_failed(hub, s->room, s->id);
    if (s->state == REC_IS_READY && waits_for)
        hold(&hub->record_news, waits_for, s);
    else if (s->state == REC_IS_READY || s->state == REC_IS_FAILED)
        spread(hub, s);
}

void record_news_serve(struct hub *hub, const struct rec_state *s)
{
    uint64_t waits_for = records_waits_for(&hub->records, s->id);
    if (records_note(&hub->records, s))
        serve_news(hub, s, waits_for);
    if (s->of == REC_OF_ROOM && (s->state == REC_IS_READY || s->state == REC_IS_FAILED))
        release(hub, s->id);
}

void record_news_init(struct record_news *news)
{
    STAILQ_INIT(&news->held);
}

void record_news_finish(struct record_news *news)
{
    struct held_news *held;
    while ((held = STAILQ_FIRST(&news->held))) {
        STAILQ_REMOVE_HEAD(&news->held, entry);
        free(held);
    }
}
