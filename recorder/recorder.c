/* SPDX-License-Identifier: MIT */
/* recorder: what is due when, and who is told what. */
#include "recorder/recorder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "common/util.h"
#include "recorder/outcome.h"
#include "recorder/room.h"
#include "recorder/salvage.h"
#include "recorder/take.h"

#define POLL_US      5000   /* between looks at the rings while somebody is recorded */
#define IDLE_POLL_US 100000 /* else: what is in them belongs to nobody */
#define FLUSH_US     200000
#define SYNC_US      1000000
#define TELL_US      5000000 /* between two words about how much has been recorded */
#define TICK_US      100000

static const char *const worker_names[RECORDER_HANDS] = {
    [HAND_WRITER] = "rec-write", [HAND_SYNCER] = "rec-sync", [HAND_CHORES] = "rec-chores"};

/* ---- From the controlplane ---- */

static void on_up(void *arg)
{
    struct recorder *rec = arg;
    struct room *room, *next_room;
    struct take *take, *next_take;
    HASH_ITER (hh, rec->rooms, room, next_room)
        room->seen = false;
    HASH_ITER (hh, rec->takes, take, next_take)
        take->seen = false;
    rec->orphans_us = INT64_MAX;
    rec->tell_us = 0; /* it may be another controlplane: of all that lives it hears again */
}

static void on_room_put(void *arg, const struct rec_room_put *m)
{
    room_put(arg, m);
}

static void on_room_end(void *arg, const struct rec_room_end *m)
{
    struct room *room = room_find(arg, m->id);
    if (room)
        room_end(arg, room);
}

static void on_take_put(void *arg, const struct rec_take_put *m)
{
    take_put(arg, m);
}

static void on_take_end(void *arg, const struct rec_take_end *m)
{
    struct take *take = take_find(arg, m->id);
    if (take)
        take_end(arg, take, m->file);
}

/* What is not in the snapshot has ended. A take may go with its room, and a room with its last take. */
static void end_unseen(struct recorder *rec)
{
    struct room *room, *next_room;
    struct take *take, *next_take;
    HASH_ITER (hh, rec->rooms, room, next_room) {
        for (take = LIST_FIRST(&room->takes); room->seen && take; take = next_take) {
            next_take = LIST_NEXT(take, in_room);
            if (!take->seen)
                take_end(rec, take, ""); /* the room lives */
        }
        if (!room->seen)
            room_end(rec, room);
    }
}

static void on_sync(void *arg)
{
    end_unseen(arg);
}

static void on_told(void *arg, struct tale *tale)
{
    outcome_on_told(arg, tale);
}

static const struct link_ops link_ops = {
    .on_up = on_up,
    .on_room_put = on_room_put,
    .on_room_end = on_room_end,
    .on_take_put = on_take_put,
    .on_take_end = on_take_end,
    .on_sync = on_sync,
    .on_told = on_told,
};

/* ---- From the dataplane, and from the disk ---- */

static void on_record(void *arg, uint32_t ring, const struct tap_record *r)
{
    take_on_record(arg, ring, r);
}

static void on_lost(void *arg, uint32_t ring, uint64_t records)
{
    take_on_lost(arg, ring, records);
}

static void on_error(void *arg, void *take, int err)
{
    take_on_error(arg, take, err);
}

static void on_closed(void *arg, void *take, bool written)
{
    take_on_closed(arg, take, written);
}

static void on_done(void *arg, struct finish_job *job, enum finish_outcome outcome)
{
    outcome_on_done(arg, job, outcome);
}

static void on_worker(struct watch *w, uint32_t events)
{
    hand_answer(&CONTAINER_OF(w, struct recorder_worker, watch)->hand);
}

/* ---- What is due ---- */

static void each_live(struct recorder *rec, void (*visit)(struct recorder *rec, struct take *take))
{
    struct take *take, *next;
    HASH_ITER (hh, rec->takes, take, next)
        if (take->phase == TAKE_LIVE)
            visit(rec, take);
}

static void sync_one(struct recorder *rec, struct take *take)
{
    capture_sync(take->capture);
}

static void stop_one(struct recorder *rec, struct take *take)
{
    take_fail(rec, take, disk_error(-ENOSPC));
}

static void tell_one(struct recorder *rec, struct take *take)
{
    take_tell(rec, take, REC_IS_RECORDING);
}

static void tell_all(struct recorder *rec)
{
    struct room *room, *next;
    each_live(rec, tell_one);
    HASH_ITER (hh, rec->rooms, room, next)
        if (room->phase == ROOM_LIVE && room->start_us)
            room_tell(rec, room, REC_IS_RECORDING);
}

static void list_take(struct manifest *m, const struct take *take, int64_t now_us)
{
    const struct rec_take_put *put = &take->put;
    bool live = take->phase == TAKE_LIVE;
    if (!(put->flags & REC_FILE) || take->phase == TAKE_FINISHED || take->phase == TAKE_LEFT)
        return;
    manifest_add(m, &(struct manifest_entry){
                        .name = take->file,
                        .kind = "stream",
                        .state = live ? "recording" : "finishing",
                        .room = take->room->put.name,
                        .stream = put->stream_name,
                        .bytes = take_bytes(take),
                        .duration_ms = live ? (now_us - take->start_us) / 1000 : 0,
                        .start_unix_ms = take->start_unix_us / 1000,
                        .progress = take->job ? (int32_t)take->job->progress : -1,
                    });
}

static void list_room(struct manifest *m, const struct room *room, int64_t now_us)
{
    bool live = room->phase == ROOM_LIVE;
    if (!(room->put.flags & REC_WHOLE) || room->phase > ROOM_WHOLE)
        return;
    manifest_add(m, &(struct manifest_entry){
                        .name = room->put.file,
                        .kind = "room",
                        .state = live ? "recording" : "finishing",
                        .room = room->put.name,
                        .stream = "",
                        .duration_ms = live ? (now_us - room->start_us) / 1000 : 0,
                        .start_unix_ms = room->start_unix_us / 1000,
                        .progress = room->job ? (int32_t)room->job->progress : -1,
                    });
}

static void list_all(void *arg, struct manifest *m)
{
    struct recorder *rec = arg;
    struct room *room, *next_room;
    struct take *take, *next_take;
    HASH_ITER (hh, rec->takes, take, next_take)
        list_take(m, take, rec->now_us);
    HASH_ITER (hh, rec->rooms, room, next_room)
        if (room->start_us || room->phase != ROOM_LIVE)
            list_room(m, room, rec->now_us);
}

static void tick(struct recorder *rec)
{
    intake_tick(&rec->intake, rec->now_us);
    disk_tick(&rec->disk, rec->now_us);
    if (recorder_is_full(rec))
        each_live(rec, stop_one);
    if (rec->now_us >= rec->orphans_us) {
        rec->orphans_us = INT64_MAX;
        end_unseen(rec);
    }
    finish_tick(&rec->finish, rec->now_us);
    manifest_tick(&rec->manifest, rec->now_us, list_all, rec);
}

/* Is it due? Then it is again so much later. */
static bool is_due(const struct recorder *rec, int64_t *due_us, int64_t every_us)
{
    if (rec->now_us < *due_us)
        return false;
    *due_us = rec->now_us + every_us;
    return true;
}

void recorder_turn(struct recorder *rec)
{
    loop_turn(&rec->loop, rec->poll_us);
    rec->now_us = loop_now_us();
    if (is_due(rec, &rec->poll_us, rec->sources ? POLL_US : IDLE_POLL_US))
        intake_poll(&rec->intake);
    if (is_due(rec, &rec->flush_us, FLUSH_US))
        each_live(rec, take_flush);
    if (is_due(rec, &rec->sync_us, SYNC_US))
        each_live(rec, sync_one);
    if (is_due(rec, &rec->tell_us, TELL_US))
        tell_all(rec);
    if (is_due(rec, &rec->tick_us, TICK_US))
        tick(rec);
    link_send(&rec->link);
}

bool recorder_is_full(const struct recorder *rec)
{
    return disk_is_full(&rec->disk, rec->conf->record_min_free_mbytes);
}

int64_t recorder_unix_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* ---- Life ---- */

static int set_records(struct recorder *rec)
{
    const char *dir = rec->conf->record_dir;
    char here[PATH_MAX] = "";
    if (*dir != '/' && !getcwd(here, sizeof(here)))
        return -errno;
    int n = snprintf(rec->records, sizeof(rec->records), "%s%s%s", here, *here ? "/" : "", dir);
    return n >= 0 && (size_t)n < sizeof(rec->records) ? 0 : -ENAMETOOLONG;
}

static int start_workers(struct recorder *rec)
{
    int err = 0;
    for (size_t i = 0; !err && i < RECORDER_HANDS; i++) {
        struct recorder_worker *w = &rec->workers[i];
        err = hand_init(&w->hand, worker_names[i]);
        w->watch = (struct watch){.fd = w->hand.event_fd, .on_ready = on_worker};
        if (!err)
            err = loop_add(&rec->loop, &w->watch, EPOLLIN);
    }
    return err;
}

static int init_intake(struct recorder *rec)
{
    int err = intake_init(&rec->intake, &rec->loop, rec->conf->run_dir);
    rec->intake.on_record = on_record;
    rec->intake.on_lost = on_lost;
    rec->intake.arg = rec;
    return err;
}

static void init_captures(struct recorder *rec)
{
    captures_init(&rec->captures, rec->records, &rec->workers[HAND_WRITER].hand, &rec->workers[HAND_SYNCER].hand);
    rec->captures.on_error = on_error;
    rec->captures.on_closed = on_closed;
    rec->captures.arg = rec;
}

static void init_finish(struct recorder *rec, const char *finisher)
{
    finish_init(&rec->finish, &rec->loop, &rec->workers[HAND_CHORES].hand, rec->records, finisher,
                rec->conf->record_jobs);
    rec->finish.on_done = on_done;
    rec->finish.arg = rec;
}

static void on_room_left(void *arg, const struct rec_room_put *m)
{
    room_leave(arg, m);
}

static void on_take_left(void *arg, const struct rec_take_put *m, enum told told)
{
    take_leave(arg, m, told);
}

/* Whatever is wrong with the folder may be mended while we run: that is no reason not to. */
static void find_left(struct recorder *rec)
{
    int err = salvage_list(rec->records, on_room_left, on_take_left, rec);
    if (err)
        LOG_ERROR(REC, "nothing can be recorded now folder=%s error=%s", rec->records, disk_error(err));
    if (rec->takes)
        LOG_INFO(REC, "an earlier run has left takes=%u", HASH_COUNT(rec->takes));
}

int recorder_init(struct recorder *rec, const struct conf *conf, const char *finisher)
{
    uint64_t boot_id;
    *rec = (struct recorder){.conf = conf, .loop = {.fd = -1}, .now_us = loop_now_us()};
    rec->orphans_us = rec->now_us + RECORDER_PATIENCE_US;
    rec->link.listener.fd = rec->link.now.watch.fd = rec->link.next.watch.fd = rec->intake.link.fd =
        rec->manifest.watch.fd = -1;
    for (size_t i = 0; i < RECORDER_HANDS; i++)
        rec->workers[i].hand.event_fd = -1;
    if (getrandom(&boot_id, sizeof(boot_id), 0) != sizeof(boot_id))
        abort();
    int err = set_records(rec);
    if (!err)
        err = loop_init(&rec->loop);
    if (!err)
        err = start_workers(rec);
    init_captures(rec);
    init_finish(rec, finisher);
    disk_init(&rec->disk, &rec->workers[HAND_SYNCER].hand, rec->records);
    if (!err)
        err = manifest_init(&rec->manifest, &rec->loop, &rec->workers[HAND_CHORES].hand, rec->records);
    if (!err)
        err = init_intake(rec);
    if (!err)
        err = link_init(&rec->link, &rec->loop, conf->run_dir, boot_id, &link_ops, rec);
    if (!err)
        find_left(rec);
    if (err)
        LOG_ERROR(REC, "cannot start run_dir=%s error=%s", conf->run_dir, strerror(-err));
    return err;
}

static void leave_one(struct recorder *rec, struct take *take)
{
    capture_close(take->capture, "", NULL, rec->now_us);
}

void recorder_finish(struct recorder *rec)
{
    struct room *room, *next_room;
    struct take *take, *next_take;
    rec->stopping = true;
    each_live(rec, leave_one);
    finish_stop(&rec->finish);
    for (size_t i = 0; i < RECORDER_HANDS; i++) /* the writer gives work to the syncer */
        hand_finish(&rec->workers[i].hand);
    HASH_ITER (hh, rec->takes, take, next_take)
        take_destroy(rec, take);
    HASH_ITER (hh, rec->rooms, room, next_room)
        room_destroy(rec, room);
    link_finish(&rec->link);
    intake_finish(&rec->intake);
    manifest_finish(&rec->manifest);
    captures_finish(&rec->captures);
    loop_finish(&rec->loop);
}
