/* SPDX-License-Identifier: MIT */
/* The controlplane's end of the dataplane link against a hostile dataplane: the input is a script of records, hang-ups
 * and of what the controlplane wants meanwhile. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/log.h"
#include "common/util.h"
#include "controlplane/dp.h"

#define MUST(x)      \
    do {             \
        if (!(x))    \
            abort(); \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each followed by its operands. */
enum op {
    OP_CTL,   /* length (8 bits), bytes: a record as it is */
    OP_PUNT,  /* the same on the punt link */
    OP_ACK,   /* type, id, error: a well-formed one */
    OP_EVENT, /* id */
    OP_HELLO, /* boot id: hang up, come again */
    OP_PUT,   /* kind, id, session, stream */
    OP_DEL,   /* kind, id */
    OP_FLUSH, /* all that is owed is sent, and read */
    OP_LOAD,  /* workers, busiest, heaviest */
    OP_COUNT
};

static char dir[32];
static int ctl_listen = -1, punt_listen = -1, ctl = -1, punt = -1;
static int64_t now_us;
static int n_up, n_down;

struct input {
    const uint8_t *at;
    size_t left;
};

static uint8_t take(struct input *in)
{
    if (!in->left)
        return 0;
    in->left--;
    return *in->at++;
}

static void on_up(void *arg, const struct dp_hello *hello)
{
    n_up++;
}

static void on_down(void *arg)
{
    n_down++;
}

static void on_reset(void *arg) {}

static void on_session(void *arg, const struct dp_session_event *ev) {}

static void on_refused(void *arg, const struct dp_ack *ack)
{
    MUST(ack->error);
}

static void on_punt(void *arg, uint64_t session, uint16_t tuple, const uint8_t *dtls, size_t len)
{
    MUST(len > 0 && len <= DP_PUNT_BYTES_MAX);
}

static void on_moved(void *arg, uint64_t session) {}

static void on_load(void *arg, const struct dp_load *load)
{
    MUST(load->n_workers == 1 && load->busiest == 0 && load->n_heaviest <= DP_HEAVIEST_MAX);
}

static const struct dp_ops ops = {on_up, on_down, on_reset, on_session, on_refused, on_moved, on_punt, on_load};

static int listen_on(const char *name)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/%s", dir, name);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    MUST(fd >= 0 && bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0 && listen(fd, 4) == 0);
    return fd;
}

static void clean_up(void)
{
    char path[64];
    snprintf(path, sizeof(path), "%s/%s", dir, DP_CTL_SOCKET);
    unlink(path);
    snprintf(path, sizeof(path), "%s/%s", dir, DP_PUNT_SOCKET);
    unlink(path);
    rmdir(dir);
}

static void no_log(void *arg, const char *line, size_t len) {}

static void init(void)
{
    if (ctl_listen >= 0)
        return;
    snprintf(dir, sizeof(dir), "/tmp/fuzz_dp.XXXXXX");
    MUST(mkdtemp(dir));
    atexit(clean_up);
    log_set_sink(no_log, NULL);
    ctl_listen = listen_on(DP_CTL_SOCKET);
    punt_listen = listen_on(DP_PUNT_SOCKET);
}

static void hang_up(void)
{
    if (ctl >= 0)
        close(ctl);
    if (punt >= 0)
        close(punt);
    ctl = punt = -1;
}

static void read_all(struct dp *dp)
{
    dp_on_readable(dp, dp_ctl_fd(dp));
    dp_on_readable(dp, dp_punt_fd(dp));
}

static void come_up(struct dp *dp, uint64_t boot_id)
{
    struct dp_hello hello = {.head = {DP_HELLO, sizeof(hello)}, .version = DP_PROTO_VERSION, .n_workers = 1};
    hello.boot_id = boot_id;
    hang_up();
    read_all(dp);
    MUST(!dp_is_up(dp));
    now_us += 1000000;
    dp_tick(dp, now_us);
    ctl = accept(ctl_listen, NULL, NULL);
    MUST(ctl >= 0 && send(ctl, &hello, sizeof(hello), MSG_NOSIGNAL) > 0);
    read_all(dp);
    MUST(dp_is_up(dp));
    punt = accept(punt_listen, NULL, NULL);
    MUST(punt >= 0);
}

static void tell(struct dp *dp, int fd, const void *record, size_t len)
{
    if (fd >= 0 && len > 0)
        (void)!send(fd, record, len, MSG_NOSIGNAL | MSG_DONTWAIT);
    read_all(dp);
}

static void put(struct dp *dp, struct input *in)
{
    uint8_t kind = take(in), id = take(in), session = take(in), stream = take(in);
    switch (kind % 7) {
    case 0:
        dp_put_session(dp, &(struct dp_session_put){.id = id});
        break;
    case 1:
        dp_put_keys(dp, &(struct dp_keys_put){.id = id});
        break;
    case 2:
        dp_put_stream(dp, &(struct dp_stream_put){.id = id, .session = session});
        break;
    case 3:
        dp_put_subscription(dp, &(struct dp_subscription_put){.id = id, .session = session, .stream = stream});
        break;
    case 4:
        dp_request_keyframe(dp, id);
        break;
    case 5:
        dp_put_tap(dp, id);
        break;
    default:
        dp_move_session(dp, id, session);
        break;
    }
}

static void del(struct dp *dp, struct input *in)
{
    uint8_t kind = take(in), id = take(in);
    switch (kind % 4) {
    case 0:
        dp_del_session(dp, id);
        break;
    case 1:
        dp_del_stream(dp, id);
        break;
    case 2:
        dp_del_subscription(dp, id);
        break;
    default:
        dp_del_tap(dp, id);
        break;
    }
}

static void flush(struct dp *dp)
{
    uint8_t record[4096];
    while (dp_wants_write(dp)) {
        dp_on_writable(dp, dp_ctl_fd(dp));
        while (ctl >= 0 && recv(ctl, record, sizeof(record), MSG_DONTWAIT) > 0)
            ;
    }
}

static void forge(struct dp *dp, int fd, struct input *in)
{
    size_t len = take(in);
    len = MIN(len, in->left);
    tell(dp, fd, in->at, len);
    in->at += len;
    in->left -= len;
}

static void step(struct dp *dp, struct input *in)
{
    struct dp_ack ack = {.head = {DP_ACK, sizeof(ack)}};
    struct dp_session_event event = {.head = {DP_SESSION_EVENT, sizeof(event)}};
    struct dp_load load = {.head = {DP_LOAD, sizeof(load)}};
    switch ((enum op)(take(in) % OP_COUNT)) {
    case OP_CTL:
        return forge(dp, ctl, in);
    case OP_PUNT:
        return forge(dp, punt, in);
    case OP_ACK:
        ack.type = take(in);
        ack.id = take(in);
        ack.error = -take(in);
        return tell(dp, ctl, &ack, sizeof(ack));
    case OP_EVENT:
        event.id = take(in);
        return tell(dp, ctl, &event, sizeof(event));
    case OP_HELLO:
        return come_up(dp, take(in));
    case OP_PUT:
        return put(dp, in);
    case OP_DEL:
        return del(dp, in);
    case OP_FLUSH:
        return flush(dp);
    case OP_LOAD:
        load.n_workers = take(in);
        load.busiest = take(in);
        load.n_heaviest = take(in);
        return tell(dp, ctl, &load, sizeof(load));
    case OP_COUNT:
        return;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    init();
    n_up = n_down = 0;
    struct dp *dp = dp_create(dir, 1, &ops, NULL);
    MUST(dp);
    come_up(dp, 1);
    while (in.left)
        step(dp, &in);
    flush(dp);
    MUST(n_up - n_down == (int)dp_is_up(dp));
    dp_destroy(dp);
    hang_up();
    return 0;
}
