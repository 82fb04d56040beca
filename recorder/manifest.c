/* SPDX-License-Identifier: MIT */
/* manifest: side-cars read once, merged with what lives, written when that makes another text. */
#include "recorder/manifest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uthash.h>

#include "common/log.h"
#include "common/rec_proto.h"
#include "common/util.h"
#include "recorder/folder.h"

#define CAR_SUFFIX  ".json"
#define PART_SUFFIX ".part"

struct car {
    char name[REC_FILE_BYTES]; /* of the recording */
    struct timespec changed;
    off_t bytes;
    ino_t inode;
    json_t *entry; /* NULL: it is no side-car */
    bool seen;
    UT_hash_handle hh;
};

/* ---- Entries ---- */

static const char *const text_keys[] = {"kind", "state", "room", "stream"};
static const char *const amount_keys[] = {"bytes", "duration_ms", "start_unix_ms"};

static json_t *copy_amount(const json_t *value)
{
    double amount = json_number_value(value);
    bool ok = amount >= 0 && amount <= (double)(INT64_C(1) << 53);
    return json_integer(ok ? (json_int_t)amount : 0);
}

json_t *manifest_parse_car(const char *name, const char *text, size_t len)
{
    json_t *car = json_loadb(text, len, 0, NULL);
    const char *said = json_string_value(json_object_get(car, "name"));
    json_t *entry = said && rec_file_name_ok(name) && !strcmp(said, name) ? json_object() : NULL;
    if (entry)
        json_object_set_new(entry, "name", json_string(name));
    for (size_t i = 0; entry && i < ARRAY_SIZE(text_keys); i++) {
        json_t *value = json_object_get(car, text_keys[i]);
        json_object_set_new(entry, text_keys[i], json_is_string(value) ? json_copy(value) : json_string(""));
    }
    for (size_t i = 0; entry && i < ARRAY_SIZE(amount_keys); i++)
        json_object_set_new(entry, amount_keys[i], copy_amount(json_object_get(car, amount_keys[i])));
    json_decref(car);
    return entry;
}

static const char *name_of(const json_t *entry)
{
    return json_string_value(json_object_get(entry, "name"));
}

static int newest_first(const void *a, const void *b)
{
    const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
    json_int_t xs = json_integer_value(json_object_get(x, "start_unix_ms"));
    json_int_t ys = json_integer_value(json_object_get(y, "start_unix_ms"));
    return xs > ys ? -1 : xs < ys ? 1 : strcmp(name_of(x), name_of(y));
}

/* One entry a line. */
static char *write_text(const json_t *const *entries, size_t n)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    if (!out)
        abort();
    fputs("[", out);
    for (size_t i = 0; i < n; i++) {
        fputs(i ? ",\n" : "\n", out);
        json_dumpf(entries[i], out, JSON_COMPACT);
    }
    fputs("\n]\n", out);
    fclose(out);
    return text;
}

char *manifest_text(const json_t *live, const json_t *cars)
{
    json_t *by_name = json_object(), *entry;
    const char *name;
    size_t i, n = 0;
    json_array_foreach (cars, i, entry)
        json_object_set(by_name, name_of(entry), entry);
    json_array_foreach (live, i, entry)
        json_object_set(by_name, name_of(entry), entry);
    json_t **sorted = calloc(json_object_size(by_name) + 1, sizeof(json_t *));
    if (!sorted)
        abort();
    json_object_foreach (by_name, name, entry)
        sorted[n++] = entry;
    qsort(sorted, n, sizeof(json_t *), newest_first);
    char *text = write_text((const json_t *const *)sorted, n);
    free(sorted);
    json_decref(by_name);
    return text;
}

void manifest_add(struct manifest *m, const struct manifest_entry *e)
{
    json_t *entry = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I}", "name", e->name, "kind", e->kind, "state",
                              e->state, "room", e->room, "stream", e->stream, "bytes", (json_int_t)e->bytes,
                              "duration_ms", (json_int_t)e->duration_ms, "start_unix_ms", (json_int_t)e->start_unix_ms);
    if (entry && e->progress >= 0)
        json_object_set_new(entry, "progress", json_integer(e->progress));
    json_array_append_new(m->live, entry); /* NULL, for text that is no UTF-8, is not taken */
}

/* ---- The folder; on the hand's thread ---- */

static bool is_same(const struct car *car, const struct stat *st)
{
    return car->bytes == st->st_size && car->inode == st->st_ino && car->changed.tv_sec == st->st_mtim.tv_sec &&
           car->changed.tv_nsec == st->st_mtim.tv_nsec;
}

static void read_car(struct car *car, int folder, const char *file, const struct stat *st)
{
    static const size_t size = MANIFEST_CAR_BYTES;
    char *text = malloc(size);
    if (!text)
        abort();
    json_decref(car->entry);
    int64_t len = folder_read(folder, file, text, size);
    car->entry = len < 0 ? NULL : manifest_parse_car(car->name, text, (size_t)len);
    car->changed = st->st_mtim;
    car->bytes = st->st_size;
    car->inode = st->st_ino;
    free(text);
}

static bool is_there(int folder, const char *name)
{
    char part[NAME_MAX + sizeof(PART_SUFFIX)];
    snprintf(part, sizeof(part), "%s%s", name, PART_SUFFIX);
    return faccessat(folder, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
           faccessat(folder, part, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* file: NAME.json; a side-car alone, whose recording somebody has deleted, is none. */
static void visit(struct manifest *m, int folder, const char *file)
{
    char name[REC_FILE_BYTES] = "";
    size_t len = strlen(file), suffix = strlen(CAR_SUFFIX);
    struct stat st;
    struct car *car;
    if (len <= suffix || len - suffix >= sizeof(name) || strcmp(file + len - suffix, CAR_SUFFIX) ||
        !strcmp(file, MANIFEST_FILE))
        return;
    memcpy(name, file, len - suffix);
    if (!rec_file_name_ok(name) || fstatat(folder, file, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode) ||
        !is_there(folder, name))
        return;
    HASH_FIND_STR(m->cars, name, car);
    if (!car) {
        car = calloc(1, sizeof(*car));
        if (!car)
            abort();
        strcpy(car->name, name);
        HASH_ADD_STR(m->cars, name, car);
        read_car(car, folder, file, &st);
    } else if (!is_same(car, &st)) {
        read_car(car, folder, file, &st);
    }
    car->seen = true;
}

static void look_through(struct manifest *m, int folder)
{
    int fd = dup(folder);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        if (fd >= 0)
            close(fd);
        return;
    }
    for (struct dirent *e; (e = readdir(dir));)
        visit(m, folder, e->d_name);
    closedir(dir);
}

/* What was not seen is forgotten. */
static json_t *collect(struct manifest *m)
{
    json_t *cars = json_array();
    struct car *car, *next;
    HASH_ITER (hh, m->cars, car, next) {
        if (car->seen && car->entry)
            json_array_append(cars, car->entry);
        if (!car->seen) {
            json_decref(car->entry);
            HASH_DEL(m->cars, car);
            free(car);
        } else {
            car->seen = false;
        }
    }
    return cars;
}

static void write_file(struct manifest *m, int folder, char *text)
{
    bool same = m->written && !strcmp(m->written, text);
    int err = same ? 0 : folder_write(folder, MANIFEST_FILE, text, strlen(text));
    free(m->written);
    m->written = err ? NULL : text;
    if (!err)
        return;
    free(text);
    LOG_RL(WARN, REC, "cannot write the list of recordings error=%s", strerror(-err));
}

static void work(struct hand_job *job)
{
    struct manifest *m = (struct manifest *)job;
    int folder = folder_open(m->records);
    if (folder < 0)
        return;
    inotify_add_watch(m->watch.fd, m->records, IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR);
    look_through(m, folder);
    json_t *cars = collect(m);
    write_file(m, folder, manifest_text(m->live, cars));
    json_decref(cars);
    close(folder);
}

/* ---- When ---- */

static void on_written(struct hand_job *job)
{
    struct manifest *m = (struct manifest *)job;
    json_decref(m->live);
    m->live = NULL;
    m->writing = false;
}

/* Our own file comes along too; it is no change. */
static void on_change(struct watch *w, uint32_t events)
{
    struct manifest *m = CONTAINER_OF(w, struct manifest, watch);
    _Alignas(struct inotify_event) char bytes[4096];
    ssize_t n = read(w->fd, bytes, sizeof(bytes));
    for (ssize_t at = 0; at < n;) {
        const struct inotify_event *ev = (const struct inotify_event *)(bytes + at);
        m->dirty |= !ev->len || strncmp(ev->name, MANIFEST_FILE, strlen(MANIFEST_FILE)) != 0;
        at += (ssize_t)(sizeof(*ev) + ev->len);
    }
}

int manifest_init(struct manifest *m, struct loop *loop, struct hand *hand, const char *records)
{
    *m = (struct manifest){.loop = loop, .hand = hand, .records = records, .dirty = true};
    m->job = (struct hand_job){.work = work, .done = on_written};
    m->watch = (struct watch){.fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC), .on_ready = on_change};
    return m->watch.fd < 0 ? -errno : loop_add(loop, &m->watch, EPOLLIN);
}

void manifest_finish(struct manifest *m)
{
    struct car *car, *next;
    HASH_ITER (hh, m->cars, car, next) {
        json_decref(car->entry);
        HASH_DEL(m->cars, car);
        free(car);
    }
    free(m->written);
    m->written = NULL;
    loop_close(m->loop, &m->watch);
}

void manifest_touch(struct manifest *m)
{
    m->dirty = true;
}

void manifest_tick(struct manifest *m, int64_t now_us, void (*fill)(void *arg, struct manifest *m), void *arg)
{
    if (!m->dirty || m->writing || now_us < m->due_us)
        return;
    m->dirty = false;
    m->writing = true;
    m->due_us = now_us + MANIFEST_US;
    m->live = json_array();
    fill(arg, m);
    hand_give(m->hand, &m->job);
}
