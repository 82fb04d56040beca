/* SPDX-License-Identifier: MIT */
/* The link to the dataplane: connecting, HELLO, sending what is owed, handing on what comes. */
#include "controlplane/dp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/ipc.h"
#include "common/log.h"
#include "common/util.h"
#include "controlplane/desired.h"

#define RETRY_US    250000  /* between attempts to connect */
#define GREETING_US 2000000 /* from connecting to the dataplane's HELLO */
#define SILENCE_US  3000000 /* of a dataplane that is frozen: some DP_LOAD_MS */
#define TICK_MAX_US 1000000 /* more between two ticks was our own sleep: what came meanwhile is unread */
#define READ_BURST  64      /* records per call, so that one busy descriptor does not starve the loop */

#define SOCKET_PATH_SIZE sizeof(((struct sockaddr_un *)NULL)->sun_path)

enum link { LINK_DOWN, LINK_GREETING, LINK_UP };

struct dp {
    enum link link;
    int ctl_fd, punt_fd; /* -1: none */
    int64_t attempt_us;  /* when we connected or tried to */
    int64_t tick_us;
    int64_t silent_us; /* since the dataplane's last word */
    bool unreachable;  /* and logged so */
    uint32_t epoch, n_ids;
    bool knows_boot; /* hello.boot_id is that of the dataplane which holds our objects */
    struct dp_hello hello;
    struct desired *desired;
    uint64_t punts_dropped;
    char ctl_path[SOCKET_PATH_SIZE], punt_path[SOCKET_PATH_SIZE];
    const struct dp_ops *ops;
    void *arg;
};

union record {
    struct dp_head head;
    struct dp_hello hello;
    struct dp_ack ack;
    struct dp_session_event session_event;
    struct dp_load load;
    struct dp_punt punt;
};

static bool join_path(char *path, const char *dir, const char *name)
{
    int n = snprintf(path, SOCKET_PATH_SIZE, "%s/%s", dir, name);
    return n >= 0 && (size_t)n < SOCKET_PATH_SIZE;
}

struct dp *dp_create(const char *run_dir, uint32_t epoch, const struct dp_ops *ops, void *arg)
{
    struct dp *dp = calloc(1, sizeof(*dp));
    if (!dp)
        return NULL;
    dp->ctl_fd = dp->punt_fd = -1;
    dp->attempt_us = -RETRY_US;
    dp->epoch = epoch;
    dp->ops = ops;
    dp->arg = arg;
    if (!join_path(dp->ctl_path, run_dir, DP_CTL_SOCKET) || !join_path(dp->punt_path, run_dir, DP_PUNT_SOCKET)) {
        LOG_ERROR(DP, "name too long for a socket directory=%s", run_dir);
        goto free_dp;
    }
    dp->desired = desired_create();
    if (!dp->desired)
        goto free_dp;
    return dp;

free_dp:
    free(dp);
    return NULL;
}

static void close_fds(struct dp *dp)
{
    if (dp->ctl_fd >= 0)
        close(dp->ctl_fd);
    if (dp->punt_fd >= 0)
        close(dp->punt_fd);
    dp->ctl_fd = dp->punt_fd = -1;
}

void dp_destroy(struct dp *dp)
{
    if (!dp)
        return;
    close_fds(dp);
    desired_destroy(dp->desired);
    free(dp);
}

bool dp_is_up(const struct dp *dp)
{
    return dp->link == LINK_UP && dp->silent_us < SILENCE_US;
}

bool dp_is_frozen(const struct dp *dp)
{
    return dp->link == LINK_UP && dp->silent_us >= SILENCE_US;
}

const struct dp_hello *dp_hello(const struct dp *dp)
{
    return &dp->hello;
}

uint64_t dp_new_id(struct dp *dp)
{
    return (uint64_t)dp->epoch << 32 | ++dp->n_ids;
}

int dp_ctl_fd(const struct dp *dp)
{
    return dp->ctl_fd;
}

int dp_punt_fd(const struct dp *dp)
{
    return dp->punt_fd;
}

bool dp_wants_write(const struct dp *dp)
{
    return dp->link == LINK_UP && desired_next(dp->desired);
}

uint64_t dp_punts_dropped(const struct dp *dp)
{
    return dp->punts_dropped;
}

/* The desired state stays: it is owed again when the same dataplane is back. */
static void drop_link(struct dp *dp, const char *reason)
{
    bool was_up = dp->link == LINK_UP;
    LOG_RL(WARN, DP, "link to the dataplane lost reason=%s", reason);
    close_fds(dp);
    dp->link = LINK_DOWN;
    if (was_up)
        dp->ops->on_down(dp->arg);
}

static void try_connecting(struct dp *dp)
{
    int fd = ipc_connect(dp->ctl_path);
    if (fd >= 0) {
        dp->ctl_fd = fd;
        dp->link = LINK_GREETING;
        return;
    }
    if (!dp->unreachable)
        LOG_WARN(DP, "cannot reach the dataplane, trying on socket=%s error=%s", dp->ctl_path, strerror(-fd));
    dp->unreachable = true;
}

static void listen_for_life(struct dp *dp, int64_t passed_us)
{
    bool was_up = dp_is_up(dp);
    dp->silent_us += MIN(passed_us, TICK_MAX_US);
    if (was_up && dp_is_frozen(dp))
        LOG_WARN(DP, "dataplane is frozen: no new streams until it answers");
}

static void note_life(struct dp *dp)
{
    if (dp_is_frozen(dp))
        LOG_INFO(DP, "dataplane answers again");
    dp->silent_us = 0;
}

void dp_tick(struct dp *dp, int64_t now_us)
{
    listen_for_life(dp, now_us - dp->tick_us);
    dp->tick_us = now_us;
    if (dp->link == LINK_GREETING && now_us - dp->attempt_us >= GREETING_US)
        drop_link(dp, "no HELLO");
    if (dp->link != LINK_DOWN || now_us - dp->attempt_us < RETRY_US)
        return;
    dp->attempt_us = now_us;
    try_connecting(dp);
}

static void come_up(struct dp *dp, const struct dp_hello *hello)
{
    bool is_other = dp->knows_boot && dp->hello.boot_id != hello->boot_id;
    dp->hello = *hello;
    dp->knows_boot = true;
    dp->unreachable = false;
    dp->link = LINK_UP;
    dp->silent_us = 0;
    LOG_INFO(DP, "link to the dataplane is up workers=%u", hello->n_workers);
    if (is_other) {
        desired_drop_all(dp->desired);
        dp->ops->on_reset(dp->arg);
    } else {
        desired_owe_all(dp->desired);
    }
    dp->ops->on_up(dp->arg, &dp->hello);
}

static void on_hello(struct dp *dp, const struct dp_hello *hello)
{
    if (hello->version != DP_PROTO_VERSION) {
        LOG_RL(ERROR, DP, "dataplane of another build version=%u ours=%u", hello->version, DP_PROTO_VERSION);
        return drop_link(dp, "version");
    }
    if (hello->n_workers == 0 || hello->n_workers > DP_WORKERS_MAX)
        return drop_link(dp, "ill HELLO");
    const struct dp_hello ours = {
        .head = {.type = DP_HELLO, .len = sizeof(ours)}, .version = DP_PROTO_VERSION, .epoch = dp->epoch};
    int error = ipc_send(dp->ctl_fd, &ours, sizeof(ours), NULL, 0);
    if (error)
        return drop_link(dp, strerror(-error));
    dp->punt_fd = ipc_connect(dp->punt_path);
    if (dp->punt_fd < 0)
        return drop_link(dp, "no punt socket");
    come_up(dp, hello);
}

static bool is_held(const struct dp *dp, uint64_t id)
{
    return desired_has(dp->desired, DESIRED_SESSION, id) || desired_has(dp->desired, DESIRED_STREAM, id) ||
           desired_has(dp->desired, DESIRED_SUBSCRIPTION, id);
}

static void on_ack(struct dp *dp, const struct dp_ack *ack)
{
    desired_on_ack(dp->desired, ack->type, ack->id);
    if (!is_held(dp, ack->id))
        return;
    if (ack->error)
        dp->ops->on_refused(dp->arg, ack);
    else if (ack->type == DP_SESSION_MOVE)
        dp->ops->on_moved(dp->arg, ack->id);
}

static bool on_load(struct dp *dp, const struct dp_load *load)
{
    if (load->n_workers != dp->hello.n_workers || load->busiest >= load->n_workers ||
        load->n_heaviest > DP_HEAVIEST_MAX)
        return false;
    dp->ops->on_load(dp->arg, load);
    return true;
}

/* False: no record that a dataplane may send now. */
static bool on_record(struct dp *dp, const union record *r, size_t len)
{
    if (dp_msg_check(r, len))
        return false;
    note_life(dp);
    if (dp->link == LINK_GREETING) {
        if (r->head.type != DP_HELLO)
            return false;
        on_hello(dp, &r->hello);
    } else if (r->head.type == DP_ACK) {
        on_ack(dp, &r->ack);
    } else if (r->head.type == DP_SESSION_EVENT) {
        if (desired_has(dp->desired, DESIRED_SESSION, r->session_event.id))
            dp->ops->on_session(dp->arg, &r->session_event);
    } else if (r->head.type == DP_LOAD) {
        return on_load(dp, &r->load);
    } else {
        return false;
    }
    return true;
}

static bool on_punt(struct dp *dp, const struct dp_punt *p, size_t len)
{
    if (dp_punt_check(p, len))
        return false;
    if (desired_has(dp->desired, DESIRED_SESSION, p->session))
        dp->ops->on_punt(dp->arg, p->session, p->tuple, p->bytes, len - offsetof(struct dp_punt, bytes));
    return true;
}

void dp_on_readable(struct dp *dp, int fd)
{
    for (int i = 0; i < READ_BURST && fd >= 0 && (fd == dp->ctl_fd || fd == dp->punt_fd); i++) {
        union record r;
        int n = ipc_recv(fd, &r, sizeof(r), NULL, NULL);
        if (n == -EAGAIN || n == -EINTR)
            return;
        if (n <= 0 && n != -EMSGSIZE)
            return drop_link(dp, n == 0 ? "closed" : strerror(-n));
        size_t len = n > 0 ? (size_t)n : 0; /* 0: too long, fails every check */
        if (!(fd == dp->ctl_fd ? on_record(dp, &r, len) : on_punt(dp, &r.punt, len)))
            return drop_link(dp, fd == dp->ctl_fd ? "ill record" : "ill punt record");
    }
}

void dp_on_writable(struct dp *dp, int fd)
{
    if (fd != dp->ctl_fd || dp->link != LINK_UP)
        return;
    const struct dp_head *record;
    while ((record = desired_next(dp->desired))) {
        int error = ipc_send(fd, record, record->len, NULL, 0);
        if (error == -EAGAIN || error == -ENOBUFS)
            return;
        if (error)
            return drop_link(dp, strerror(-error));
        desired_sent(dp->desired);
    }
}

static void put(struct dp *dp, enum desired_kind kind, const void *record)
{
    int error = desired_put(dp->desired, kind, record);
    if (error)
        LOG_RL(WARN, DP, "put dropped kind=%d error=%s", (int)kind, strerror(-error));
}

void dp_put_session(struct dp *dp, const struct dp_session_put *m)
{
    put(dp, DESIRED_SESSION, m);
}

void dp_put_keys(struct dp *dp, const struct dp_keys_put *m)
{
    put(dp, DESIRED_KEYS, m);
}

void dp_put_stream(struct dp *dp, const struct dp_stream_put *m)
{
    put(dp, DESIRED_STREAM, m);
}

void dp_put_subscription(struct dp *dp, const struct dp_subscription_put *m)
{
    put(dp, DESIRED_SUBSCRIPTION, m);
}

void dp_del_session(struct dp *dp, uint64_t id)
{
    desired_del(dp->desired, DESIRED_SESSION, id);
}

void dp_del_stream(struct dp *dp, uint64_t id)
{
    desired_del(dp->desired, DESIRED_STREAM, id);
}

void dp_del_subscription(struct dp *dp, uint64_t id)
{
    desired_del(dp->desired, DESIRED_SUBSCRIPTION, id);
}

void dp_put_tap(struct dp *dp, uint64_t stream)
{
    put(dp, DESIRED_TAP, &(struct dp_del){.id = stream});
}

void dp_del_tap(struct dp *dp, uint64_t stream)
{
    desired_del(dp->desired, DESIRED_TAP, stream);
}

void dp_request_keyframe(struct dp *dp, uint64_t stream)
{
    if (desired_has(dp->desired, DESIRED_STREAM, stream)) /* asking a moment too late is no fault */
        put(dp, DESIRED_KEYFRAME, &(struct dp_del){.id = stream});
}

void dp_move_session(struct dp *dp, uint64_t session, uint32_t worker)
{
    put(dp, DESIRED_MOVE, &(struct dp_session_move){.id = session, .worker = worker});
}

void dp_send_dtls(struct dp *dp, uint64_t session, uint16_t tuple, const uint8_t *bytes, size_t len)
{
    size_t record_bytes = offsetof(struct dp_punt, bytes) + len;
    struct dp_punt p;
    if (dp->link != LINK_UP || len == 0 || len > sizeof(p.bytes)) {
        dp->punts_dropped++;
        return;
    }
    p.head = (struct dp_head){.type = DP_MSG_NONE, .len = (uint16_t)record_bytes};
    p.tuple = tuple;
    p.pad = 0;
    p.session = session;
    memcpy(p.bytes, bytes, len);
    if (ipc_send(dp->punt_fd, &p, record_bytes, NULL, 0))
        dp->punts_dropped++; /* a broken link shows on the next read */
}
