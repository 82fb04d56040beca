/* SPDX-License-Identifier: MIT */
/* Folders, the daemon, both of its neighbours, and captures read back. */
#include "tests/proc/studio.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/ipc.h"
#include "common/util.h"
#include "tests/peer/loop.h"

#define START_MS  10000
#define STOP_US   INT64_C(10000000)
#define LOG_LINES 60

/* ---- Life ---- */

int studio_setup(void **state)
{
    struct studio *s = calloc(1, sizeof(*s));
    char run[128];
    *state = s;
    s->tap.listener = s->tap.link = s->tap.slab_fd = s->tap.tails_fd = s->control.link = -1;
    snprintf(s->dir, sizeof(s->dir), "/tmp/roomline-XXXXXX");
    if (!mkdtemp(s->dir))
        return -1;
    snprintf(s->records, sizeof(s->records), "%s/records", s->dir);
    snprintf(run, sizeof(run), "%s/run", s->dir);
    return mkdir(run, 0700);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    return remove(path);
}

int studio_teardown(void **state)
{
    struct studio *s = *state;
    if (!s->closed)
        process_print_log(&s->recorder, "recorder", LOG_LINES);
    studio_disconnect(s);
    studio_close_tap(s);
    process_stop(&s->recorder, SIGKILL, STOP_US);
    umount2(s->records, MNT_DETACH); /* where the test has mounted something there */
    nftw(s->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(s);
    return 0;
}

void studio_set(struct studio *s, const char *setting)
{
    assert_true(s->n_settings < ARRAY_SIZE(s->settings));
    s->settings[s->n_settings++] = setting;
}

static bool log_has(const struct process *p, const char *text)
{
    char *log = process_output(p);
    bool found = strstr(log, text);
    free(log);
    return found;
}

void studio_start(struct studio *s)
{
    const char *build = getenv("ROOMLINE_BUILD"), *argv[64];
    char path[256], log[128], run[128], records[160];
    size_t n = 0;
    snprintf(path, sizeof(path), "%s/recorder/roomline-recorder", build ? build : "build");
    snprintf(log, sizeof(log), "%s/recorder.log", s->dir);
    snprintf(run, sizeof(run), "run_dir=%s/run", s->dir);
    snprintf(records, sizeof(records), "record.dir=%s", s->records);
    argv[n++] = path;
    argv[n++] = "--set";
    argv[n++] = run;
    argv[n++] = "--set";
    argv[n++] = records;
    for (size_t i = 0; i < s->n_settings; i++) {
        argv[n++] = "--set";
        argv[n++] = s->settings[i];
    }
    if (*s->finisher) {
        argv[n++] = "--finisher";
        argv[n++] = s->finisher;
    }
    argv[n] = NULL;
    unlink(log);
    s->tap.connections = 0;
    assert_int_equal(process_start(&s->recorder, log, argv), 0);
    STUDIO_AWAIT(s, START_MS, log_has(&s->recorder, "main: ready"));
}

void studio_close(struct studio *s)
{
    int status = process_stop(&s->recorder, SIGTERM, STOP_US);
    if (status)
        printf("# the recorder's status is %#x\n", (unsigned)status);
    assert_int_equal(status, 0);
    assert_false(log_has(&s->recorder, "Sanitizer"));
    s->closed = true;
}

void studio_fail(struct studio *s, const char *file, int line, const char *what)
{
    const struct studio_control *c = &s->control;
    for (size_t i = c->n_states > 20 ? c->n_states - 20 : 0; i < c->n_states; i++)
        printf("# told: %s %#" PRIx64 " %s bytes=%" PRIu64 " file=%s error=%s\n", c->states[i].of ? "room" : "take",
               c->states[i].id, rec_state_name(c->states[i].state), c->states[i].bytes, c->states[i].file,
               c->states[i].error);
    printf("# %s:%d: %s\n", file, line, what);
    _fail(file, line);
    abort(); /* not reached */
}

/* ---- The dataplane ---- */

static int sealed_memory(const char *name, size_t bytes, uint8_t **map)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
    *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_true(*map != MAP_FAILED);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), 0);
    return fd;
}

void studio_open_tap(struct studio *s, uint32_t n_rings, uint64_t ring_bytes)
{
    struct studio_tap *t = &s->tap;
    char path[128];
    snprintf(path, sizeof(path), "%s/run/%s", s->dir, TAP_SOCKET);
    t->n_rings = n_rings;
    t->ring_bytes = ring_bytes;
    t->slab_fd = sealed_memory("slab", tap_slab_bytes(n_rings, ring_bytes), &t->slab);
    t->tails_fd = sealed_memory("tails", tap_tails_bytes(n_rings), &t->tails);
    t->writers = calloc(n_rings, sizeof(*t->writers));
    for (uint32_t i = 0; i < n_rings; i++)
        tap_writer_init(&t->writers[i], t->slab, t->tails, i, ring_bytes);
    t->listener = ipc_listen(path);
    assert_true(t->listener >= 0);
}

void studio_close_tap(struct studio *s)
{
    struct studio_tap *t = &s->tap;
    int *fds[] = {&t->listener, &t->link, &t->slab_fd, &t->tails_fd};
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
        if (*fds[i] >= 0)
            close(*fds[i]);
        *fds[i] = -1;
    }
    if (t->slab) {
        munmap(t->slab, tap_slab_bytes(t->n_rings, t->ring_bytes));
        munmap(t->tails, tap_tails_bytes(t->n_rings));
    }
    free(t->writers);
    t->slab = t->tails = NULL;
    t->writers = NULL;
}

static void serve_tap(struct studio_tap *t)
{
    const struct tap_hello hello = {
        .version = TAP_VERSION, .n_rings = t->n_rings, .ring_bytes = t->ring_bytes, .boot_id = 1};
    int fds[] = {t->slab_fd, t->tails_fd}, fd = t->listener >= 0 ? ipc_accept(t->listener) : -1;
    if (fd < 0)
        return;
    if (t->link >= 0)
        close(t->link);
    t->link = fd;
    if (ipc_send(fd, &hello, sizeof(hello), fds, ARRAY_SIZE(fds)) == 0)
        t->connections++;
}

bool studio_is_tapped(struct studio *s)
{
    char *log = process_output(&s->recorder);
    uint32_t links = 0;
    for (const char *at = log; (at = strstr(at, "link to the dataplane is up")); at++)
        links++;
    free(log);
    return links && links == s->tap.connections;
}

void studio_fill_rtp(uint8_t *packet, uint64_t stream, int64_t index, uint32_t bytes)
{
    packet[0] = 0x80;
    packet[1] = 96;
    put_be16(packet + 2, (uint16_t)index);
    put_be32(packet + 4, (uint32_t)(index * 3000));
    put_be32(packet + 8, (uint32_t)stream);
    for (uint32_t i = 12; i < bytes; i++)
        packet[i] = (uint8_t)(stream + (uint64_t)index * 7 + i);
}

bool studio_rtp(struct studio *s, uint32_t ring, uint64_t stream, int64_t index, uint32_t bytes)
{
    struct tap_writer *w = &s->tap.writers[ring];
    struct tap_record *r = tap_reserve(w, TAP_RTP, bytes);
    if (r) {
        r->stream = stream;
        r->rx_us = loop_now_us();
        r->index = index;
        studio_fill_rtp((uint8_t *)(r + 1), stream, index, bytes);
    }
    tap_publish(w);
    return r;
}

bool studio_is_drained(const struct studio *s)
{
    bool drained = true;
    for (uint32_t i = 0; i < s->tap.n_rings; i++) {
        const struct tap_writer *w = &s->tap.writers[i];
        drained &= atomic_load(&w->tail->tail) == w->head;
    }
    return drained;
}

/* ---- The controlplane ---- */

static void note_record(struct studio_control *c, const void *record)
{
    const struct rec_head *head = record;
    const struct rec_keyframe *wish = record;
    if (head->type == REC_HELLO) {
        c->boot_id = ((const struct rec_hello *)record)->boot_id;
        c->greeted = true;
    } else if (head->type == REC_STATE) {
        assert_true(c->n_states < STUDIO_STATES_MAX);
        memcpy(&c->states[c->n_states++], record, sizeof(struct rec_state));
    } else {
        assert_int_equal(head->type, REC_KEYFRAME);
        c->wishes++;
        c->wished = wish->stream;
    }
}

static void serve_control(struct studio_control *c)
{
    union {
        struct rec_head head;
        uint8_t bytes[8192];
    } r;
    int n;
    while (c->link >= 0 && (n = ipc_recv(c->link, &r, sizeof(r), NULL, NULL)) != -EAGAIN) {
        if (n <= 0) {
            close(c->link);
            c->link = -1;
            return;
        }
        assert_int_equal(rec_msg_check(&r, (size_t)n), 0);
        note_record(c, &r);
    }
}

void studio_connect(struct studio *s)
{
    const struct rec_hello hello = {.head = {.type = REC_HELLO, .len = sizeof(hello)}, .version = REC_PROTO_VERSION};
    char path[128];
    snprintf(path, sizeof(path), "%s/run/%s", s->dir, REC_SOCKET);
    studio_disconnect(s);
    s->control.link = ipc_connect(path);
    assert_true(s->control.link >= 0);
    s->control.greeted = false;
    STUDIO_AWAIT(s, 2000, s->control.greeted);
    studio_send(s, &hello, sizeof(hello));
}

void studio_disconnect(struct studio *s)
{
    if (s->control.link >= 0)
        close(s->control.link);
    s->control.link = -1;
}

void studio_send(struct studio *s, const void *record, size_t len)
{
    int err;
    while ((err = ipc_send(s->control.link, record, len, NULL, 0)) == -EAGAIN)
        studio_turn(s, 0);
    assert_int_equal(err, 0);
}

void studio_put_room(struct studio *s, uint64_t id, const char *name, uint32_t flags, const char *file)
{
    struct rec_room_put m = {.head = {.type = REC_ROOM_PUT, .len = sizeof(m)}, .id = id, .flags = flags};
    snprintf(m.name, sizeof(m.name), "%s", name);
    snprintf(m.file, sizeof(m.file), "%s", file);
    studio_send(s, &m, sizeof(m));
}

/* Opus and VP8, of people and streams named after the id. */
void studio_put_take(struct studio *s, uint64_t id, uint64_t room, uint32_t flags, const char *file)
{
    struct rec_take_put m = {.head = {.type = REC_TAKE_PUT, .len = sizeof(m)}, .id = id, .room = room, .flags = flags};
    m.sources[MEDIA_AUDIO] = (struct rec_source){
        .stream = STUDIO_AUDIO(id), .clock_hz = 48000, .codec = CODEC_OPUS, .pt = 111, .channels = 2};
    m.sources[MEDIA_VIDEO] =
        (struct rec_source){.stream = STUDIO_VIDEO(id), .clock_hz = 90000, .codec = CODEC_VP8, .pt = 96};
    snprintf(m.login, sizeof(m.login), "login%" PRIu64, id);
    snprintf(m.stream_name, sizeof(m.stream_name), "stream%" PRIu64, id);
    snprintf(m.media_session_id, sizeof(m.media_session_id), "media%" PRIu64, id);
    snprintf(m.file, sizeof(m.file), "%s", file);
    studio_send(s, &m, sizeof(m));
}

void studio_end_take(struct studio *s, uint64_t id, const char *file)
{
    struct rec_take_end m = {.head = {.type = REC_TAKE_END, .len = sizeof(m)}, .id = id};
    snprintf(m.file, sizeof(m.file), "%s", file);
    studio_send(s, &m, sizeof(m));
}

void studio_end_room(struct studio *s, uint64_t id)
{
    const struct rec_room_end m = {.head = {.type = REC_ROOM_END, .len = sizeof(m)}, .id = id};
    studio_send(s, &m, sizeof(m));
}

void studio_sync(struct studio *s)
{
    const struct rec_sync m = {.head = {.type = REC_SYNC, .len = sizeof(m)}};
    studio_send(s, &m, sizeof(m));
}

const struct rec_state *studio_state(const struct studio *s, enum rec_state_of of, uint64_t id)
{
    for (size_t i = s->control.n_states; i-- > 0;)
        if (s->control.states[i].of == of && s->control.states[i].id == id)
            return &s->control.states[i];
    return NULL;
}

bool studio_is(const struct studio *s, enum rec_state_of of, uint64_t id, enum rec_state_id state)
{
    const struct rec_state *told = studio_state(s, of, id);
    return told && told->state == state;
}

bool studio_turn(struct studio *s, int64_t until_us)
{
    struct pollfd fds[] = {{.fd = s->control.link, .events = POLLIN}, {.fd = s->tap.listener, .events = POLLIN}};
    if (s->recorder.pid && !process_runs(&s->recorder)) {
        printf("# the recorder died: status %#x\n", (unsigned)s->recorder.status);
        studio_fail(s, __FILE__, __LINE__, "the recorder died");
    }
    poll(fds, ARRAY_SIZE(fds), 1);
    serve_control(&s->control);
    serve_tap(&s->tap);
    return loop_now_us() < until_us;
}

/* ---- Captures ---- */

void studio_path(const struct studio *s, uint64_t room, uint64_t take, char path[256])
{
    snprintf(path, 256, "%s/" CAPTURE_FOLDER "/%016" PRIx64 "/%016" PRIx64 CAPTURE_SUFFIX, s->records, room, take);
}

static void read_bytes(struct tape *t, const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st))
        return;
    t->bytes = malloc((size_t)st.st_size + 1);
    ssize_t n = read(fd, t->bytes, (size_t)st.st_size);
    close(fd);
    t->n_bytes = n > 0 ? (size_t)n : 0;
}

static void check_rtp(const struct tap_record *r)
{
    uint8_t packet[TAP_BODY_MAX];
    studio_fill_rtp(packet, r->stream, r->index, r->body_bytes);
    assert_memory_equal(r + 1, packet, r->body_bytes);
}

static void note_tape(struct tape *t, const struct tap_record *r)
{
    const char *text = (const char *)(r + 1);
    if (r->type == TAP_RTP)
        check_rtp(r);
    t->n_rtp += r->type == TAP_RTP;
    t->n_sr += r->type == TAP_SR;
    t->n_clocks += r->type == TAP_CLOCK;
    if (r->type == TAP_LOST)
        t->lost += ((const struct tap_lost *)(r + 1))->records;
    if (r->type == TAP_META)
        t->meta = strndup(text, r->body_bytes);
    if (r->type == TAP_END)
        t->end = strndup(text, r->body_bytes);
}

/* Records from at on; the end of the last whole one. */
static const struct tap_record *next_record(const struct tape *t, size_t *at)
{
    const struct tap_record *r = (const struct tap_record *)(t->bytes + *at);
    if (t->n_bytes - *at < sizeof(*r) || r->bytes > t->n_bytes - *at || r->bytes != tap_record_bytes(r->body_bytes))
        return NULL;
    *at += r->bytes;
    return r;
}

void tape_read(struct tape *t, const char *path)
{
    const struct tap_record *r;
    size_t at = CAPTURE_MAGIC_BYTES;
    *t = (struct tape){0};
    read_bytes(t, path);
    if (t->n_bytes < CAPTURE_MAGIC_BYTES)
        return;
    assert_memory_equal(t->bytes, CAPTURE_MAGIC, CAPTURE_MAGIC_BYTES);
    while ((r = next_record(t, &at)))
        note_tape(t, r);
    t->whole = at == t->n_bytes;
}

size_t tape_indices(const struct tape *t, uint64_t stream, int64_t *out, size_t capacity)
{
    const struct tap_record *r;
    size_t at = CAPTURE_MAGIC_BYTES, n = 0;
    while (t->n_bytes > at && (r = next_record(t, &at))) {
        if (r->type != TAP_RTP || r->stream != stream)
            continue;
        if (n < capacity)
            out[n] = r->index;
        n++;
    }
    return n;
}

void tape_free(struct tape *t)
{
    free(t->bytes);
    free(t->meta);
    free(t->end);
    *t = (struct tape){0};
}
