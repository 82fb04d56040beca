/* SPDX-License-Identifier: MIT */
/* recorder: what is due when, and who is told what. */
#include "recorder/recorder.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <unistd.h>

#include "common/log.h"
#include "common/util.h"
#include "recorder/room.h"
#include "recorder/take.h"

#define POLL_US      5000   /* between looks at the rings while somebody is recorded */
#define IDLE_POLL_US 100000 /* else: what is in them belongs to nobody */
#define FLUSH_US     200000
#define SYNC_US      1000000
#define TELL_US      5000000 /* between two words about how much has been recorded */
#define TICK_US      100000

static const char *const worker_names[RECORDER_HANDS] = {[HAND_WRITER] = "rec-write", [HAND_SYNCER] = "rec-sync"};

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
        take_end(arg, take, m->file, "ended");
}

static void on_sync(void *arg)
{
    struct recorder *rec = arg;
    struct room *room, *next_room;
    struct take *take, *next_take;
    HASH_ITER (hh, rec->takes, take, next_take)
        if (!take->seen)
            take_end(rec, take, "", "ended");
    HASH_ITER (hh, rec->rooms, room, next_room)
        if (!room->seen)
            room_end(rec, room);
}

static void on_told(void *arg, struct tale *tale) {}

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

static void on_closed(void *arg, void *take)
{
    take_on_closed(arg, take);
}

static void on_worker(struct watch *w, uint32_t events)
{
    hand_answer(&CONTAINER_OF(w, struct recorder_worker, watch)->hand);
}

/* ---- What is due ---- */

static void flush(struct recorder *rec)
{
    struct take *take, *next;
    HASH_ITER (hh, rec->takes, take, next)
        take_flush(rec, take);
}

static void sync_all(struct recorder *rec)
{
    struct take *take, *next;
    HASH_ITER (hh, rec->takes, take, next)
        if (take->phase == TAKE_LIVE)
            capture_sync(take->capture);
}

static void tell_all(struct recorder *rec)
{
    struct take *take, *next;
    HASH_ITER (hh, rec->takes, take, next)
        if (take->phase == TAKE_LIVE)
            take_tell_recording(rec, take);
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
        flush(rec);
    if (is_due(rec, &rec->sync_us, SYNC_US))
        sync_all(rec);
    if (is_due(rec, &rec->tell_us, TELL_US))
        tell_all(rec);
    if (is_due(rec, &rec->tick_us, TICK_US))
        intake_tick(&rec->intake, rec->now_us);
    link_send(&rec->link);
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

int recorder_init(struct recorder *rec, const struct conf *conf)
{
    uint64_t boot_id;
    *rec = (struct recorder){.conf = conf, .loop = {.fd = -1}, .now_us = loop_now_us()};
    rec->link.listener.fd = rec->link.now.watch.fd = rec->link.next.watch.fd = rec->intake.link.fd = -1;
    for (size_t i = 0; i < RECORDER_HANDS; i++)
        rec->workers[i].hand.event_fd = -1;
    if (getrandom(&boot_id, sizeof(boot_id), 0) != sizeof(boot_id))
        return -errno;
    int err = set_records(rec);
    if (!err)
        err = loop_init(&rec->loop);
    if (!err)
        err = start_workers(rec);
    captures_init(&rec->captures, rec->records, &rec->workers[HAND_WRITER].hand, &rec->workers[HAND_SYNCER].hand);
    rec->captures.on_error = on_error;
    rec->captures.on_closed = on_closed;
    rec->captures.arg = rec;
    if (!err)
        err = init_intake(rec);
    if (!err)
        err = link_init(&rec->link, &rec->loop, conf->run_dir, boot_id, &link_ops, rec);
    if (err)
        LOG_ERROR(REC, "cannot start run_dir=%s error=%s", conf->run_dir, strerror(-err));
    return err;
}

void recorder_finish(struct recorder *rec)
{
    struct room *room, *next_room;
    struct take *take, *next_take;
    HASH_ITER (hh, rec->takes, take, next_take)
        if (take->phase == TAKE_LIVE)
            capture_close(take->capture, "", NULL, rec->now_us);
    for (size_t i = 0; i < RECORDER_HANDS; i++)
        hand_finish(&rec->workers[i].hand);
    HASH_ITER (hh, rec->takes, take, next_take)
        take_destroy(rec, take);
    HASH_ITER (hh, rec->rooms, room, next_room)
        room_destroy(rec, room);
    link_finish(&rec->link);
    intake_finish(&rec->intake);
    captures_finish(&rec->captures);
    loop_finish(&rec->loop);
}
