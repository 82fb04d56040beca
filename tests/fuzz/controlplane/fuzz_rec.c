/* SPDX-License-Identifier: MIT */
/* The controlplane's end of the recorder link against a hostile recorder: the input is a script of what the recorder
 * sends and of what begins and ends meanwhile. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <stdio.h>

#include "common/ipc.h"
#include "common/log.h"
#include "common/util.h"
#include "controlplane/rec.h"

#define MUST(x)      \
    do {             \
        if (!(x))    \
            abort(); \
    } while (0)
#define IDS 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each followed by its operands. */
enum op {
    OP_RECORD, /* length (8 bits), bytes: a record as it is */
    OP_STATE,  /* of, state, length, bytes: a state that is well-formed up to its texts */
    OP_HELLO,  /* hang up, come again */
    OP_BEGIN,  /* id: a take */
    OP_END,    /* id */
    OP_FLUSH,  /* all that is owed is sent, and read */
    OP_COUNT
};

static char dir[32], path[64];
static int listener = -1, fd = -1;
static int64_t now_us;
static bool lives[IDS];

struct input {
    const uint8_t *at;
    size_t left;
};

static uint8_t next(struct input *in)
{
    if (!in->left)
        return 0;
    in->left--;
    return *in->at++;
}

static size_t next_bytes(struct input *in, const uint8_t **bytes)
{
    size_t len = next(in);
    len = MIN(len, in->left);
    *bytes = in->at;
    in->at += len;
    in->left -= len;
    return len;
}

static void on_link(void *arg) {}

static void on_state(void *arg, const struct rec_state *state)
{
    MUST(memchr(state->stream_name, 0, sizeof(state->stream_name)) && memchr(state->room, 0, sizeof(state->room)));
    MUST(memchr(state->error, 0, sizeof(state->error)) && (!*state->file || rec_file_name_ok(state->file)));
    MUST(state->of <= REC_OF_ROOM && state->state < REC_STATE_COUNT);
}

static void on_keyframe(void *arg, uint64_t stream) {}

static const struct rec_ops ops = {on_link, on_link, on_state, on_keyframe};

static void clean_up(void)
{
    unlink(path);
    rmdir(dir);
}

static void no_log(void *arg, const char *line, size_t len) {}

static void init(void)
{
    if (listener >= 0)
        return;
    snprintf(dir, sizeof(dir), "/tmp/fuzz_rec.XXXXXX");
    MUST(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/%s", dir, REC_SOCKET);
    atexit(clean_up);
    log_set_sink(no_log, NULL);
    listener = ipc_listen(path);
    MUST(listener >= 0);
}

static void hang_up(struct rec *rec)
{
    if (fd >= 0)
        close(fd);
    fd = -1;
    rec_on_readable(rec);
    MUST(!rec_is_up(rec));
}

static void tell(struct rec *rec, const void *record, size_t len)
{
    if (fd >= 0 && len)
        (void)ipc_send(fd, record, len, NULL, 0);
    rec_on_readable(rec);
}

static void come_up(struct rec *rec)
{
    const struct rec_hello hello = {.head = {REC_HELLO, sizeof(hello)}, .version = REC_PROTO_VERSION};
    hang_up(rec);
    rec_tick(rec, now_us += 1000000);
    fd = ipc_accept(listener);
    MUST(fd >= 0);
    tell(rec, &hello, sizeof(hello));
    MUST(rec_is_up(rec));
}

static void flush(struct rec *rec)
{
    uint8_t record[sizeof(struct rec_take_put)];
    while (rec_wants_write(rec)) {
        rec_on_writable(rec);
        for (int n; fd >= 0 && (n = ipc_recv(fd, record, sizeof(record), NULL, NULL)) > 0;)
            MUST(!rec_msg_check(record, (size_t)n));
    }
}

static void forge_state(struct rec *rec, struct input *in)
{
    struct rec_state state = {.head = {REC_STATE, sizeof(state)}, .of = next(in), .state = next(in), .id = 1};
    const uint8_t *bytes;
    size_t len = next_bytes(in, &bytes);
    memcpy(state.file, bytes, MIN(len, sizeof(state.file)));
    memcpy(state.stream_name, bytes, MIN(len, sizeof(state.stream_name)));
    tell(rec, &state, sizeof(state));
}

static void begin(struct rec *rec, uint64_t id)
{
    if (!lives[id])
        rec_put_take(rec, &(struct rec_take_put){.id = id + 1, .room = IDS + 1});
    lives[id] = true;
}

static void end(struct rec *rec, uint64_t id)
{
    if (lives[id])
        rec_end_take(rec, id + 1, "");
    lives[id] = false;
}

static void step(struct rec *rec, struct input *in)
{
    const uint8_t *bytes;
    size_t len;
    switch ((enum op)(next(in) % OP_COUNT)) {
    case OP_RECORD:
        len = next_bytes(in, &bytes);
        return tell(rec, bytes, len);
    case OP_STATE:
        return forge_state(rec, in);
    case OP_HELLO:
        return come_up(rec);
    case OP_BEGIN:
        return begin(rec, next(in) % IDS);
    case OP_END:
        return end(rec, next(in) % IDS);
    case OP_FLUSH:
        return flush(rec);
    case OP_COUNT:
        return;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    init();
    struct rec *rec = rec_create(dir, &ops, NULL);
    MUST(rec);
    memset(lives, 0, sizeof(lives));
    rec_put_room(rec, &(struct rec_room_put){.id = IDS + 1});
    come_up(rec);
    while (in.left)
        step(rec, &in);
    flush(rec);
    hang_up(rec);
    rec_destroy(rec);
    return 0;
}
