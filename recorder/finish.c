/* SPDX-License-Identifier: MIT */
/* finish: starting a process, listening to it, judging its end. */
#include "recorder/finish.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/capture.h"
#include "common/log.h"
#include "common/utf8.h"
#include "common/util.h"
#include "recorder/folder.h"

#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_IDLE        (3 << 13)

enum status { STATUS_DONE, STATUS_FAILED, STATUS_EMPTY, STATUS_DISK_FULL }; /* its exit status */

static const char *const verbs[] = {[FINISH_TAKE] = "take", [FINISH_ROOM] = "room", [FINISH_STEP] = "step"};

/* ---- Starting it; on the hand's thread ---- */

/* Held by whoever has the descriptor or a copy of it, so by the child until its end. */
static int lock(const struct finish_job *job)
{
    char name[FOLDER_TAKE_BYTES];
    folder_take_name(name, job->take);
    int room = folder_room(job->all->records, job->room);
    if (room < 0)
        return room;
    int fd = openat(room, job->take ? name : FOLDER_ROOM_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int err = fd < 0 || flock(fd, LOCK_EX | LOCK_NB) ? -errno : 0;
    close(room);
    if (err && fd >= 0)
        close(fd);
    return err ? err : fd;
}

static int make_pipe(int fds[2])
{
    if (pipe2(fds, O_CLOEXEC))
        return -errno;
    fcntl(fds[0], F_SETFL, O_NONBLOCK); /* of our end only: the child may wait for us */
    return 0;
}

static int run(struct finish_job *job, const posix_spawn_file_actions_t *files, const posix_spawnattr_t *attr)
{
    const struct finish *f = job->all;
    char path[PATH_MAX], room[FOLDER_HEX_BYTES], take[FOLDER_TAKE_BYTES] = "";
    folder_hex(room, job->room);
    if (job->take)
        folder_take_name(take, job->take);
    int n = snprintf(path, sizeof(path), "%s/%s/%s%s%s", f->records, CAPTURE_FOLDER, room, *take ? "/" : "", take);
    if (n < 0 || (size_t)n >= sizeof(path))
        return -ENAMETOOLONG;
    char *argv[] = {FINISH_PROGRAM, (char *)verbs[job->kind], "--records", (char *)f->records, path, NULL};
    return -posix_spawn(&job->pid, f->program, files, attr, argv, environ);
}

/* stdin is the lock. */
static int spawn(struct finish_job *job, int lock_fd, int out, int err_out)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, lock_fd, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, err_out, STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1); /* what we were started with, too */
    posix_spawnattr_init(&attr);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int err = run(job, &files, &attr);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&files);
    if (err)
        return err;
    setpriority(PRIO_PROCESS, (id_t)job->pid, 19); /* its threads are yet to come, and inherit all three */
    sched_setscheduler(job->pid, SCHED_BATCH, &(struct sched_param){0});
    syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, job->pid, IOPRIO_IDLE);
    job->exit.fd = (int)syscall(SYS_pidfd_open, job->pid, 0);
    if (job->exit.fd >= 0)
        return 0;
    err = -errno; /* out of descriptors: nobody would hear of its end */
    kill(job->pid, SIGKILL);
    waitpid(job->pid, NULL, 0);
    return err;
}

static void spawn_locked(struct finish_job *job, int lock_fd)
{
    int out[2] = {-1, -1}, err[2] = {-1, -1};
    job->spawn_err = make_pipe(out);
    if (!job->spawn_err)
        job->spawn_err = make_pipe(err);
    if (!job->spawn_err)
        job->spawn_err = spawn(job, lock_fd, out[1], err[1]);
    job->out.fd = out[0];
    job->err.fd = err[0];
    if (out[1] >= 0)
        close(out[1]);
    if (err[1] >= 0)
        close(err[1]);
}

static void start(struct hand_job *h)
{
    struct finish_job *job = (struct finish_job *)h;
    int fd = lock(job);
    job->lock_err = MIN(fd, 0);
    if (fd < 0)
        return;
    spawn_locked(job, fd);
    close(fd);
}

/* ---- What it says ---- */

static void on_out_line(void *arg, const char *line, size_t len)
{
    struct finish_job *job = arg;
    struct report r;
    report_parse(&r, line, len);
    if (r.kind == REPORT_PROGRESS)
        job->progress = r.progress;
    else if (r.kind == REPORT_FILE && r.take == job->take)
        job->file = r;
    else if (r.kind == REPORT_NONE)
        LOG_RL(DEBUG, REC, "finisher says what is no report line=%.*s", (int)len, line);
}

static void on_err_line(void *arg, const char *line, size_t len)
{
    struct finish_job *job = arg;
    LOG_RL(INFO, REC, "finisher pid=%d says=%.*s", job->pid, (int)len, line);
    len = MIN(len, sizeof(job->error) - 1);
    while (len && !utf8_valid((const uint8_t *)line, len))
        len--; /* cut between characters; what is no text is left out */
    memcpy(job->error, line, len);
    job->error[len] = '\0';
}

/* All that waits in the pipe. false: it has ended. */
static bool hear(const struct watch *w, struct lines *lines, void (*on_line)(void *, const char *, size_t), void *arg)
{
    char bytes[LINES_BYTES_MAX];
    ssize_t n;
    while ((n = read(w->fd, bytes, sizeof(bytes))) > 0)
        lines_feed(lines, bytes, (size_t)n, on_line, arg);
    return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static void on_out(struct watch *w, uint32_t events)
{
    struct finish_job *job = CONTAINER_OF(w, struct finish_job, out);
    if (!hear(w, &job->out_lines, on_out_line, job))
        loop_close(job->all->loop, w);
}

static void on_err(struct watch *w, uint32_t events)
{
    struct finish_job *job = CONTAINER_OF(w, struct finish_job, err);
    if (!hear(w, &job->err_lines, on_err_line, job))
        loop_close(job->all->loop, w);
}

/* ---- Its end ---- */

static void close_watches(struct finish_job *job)
{
    loop_close(job->all->loop, &job->exit);
    loop_close(job->all->loop, &job->out);
    loop_close(job->all->loop, &job->err);
}

static void rest(struct finish_job *job)
{
    struct finish *f = job->all;
    close_watches(job);
    job->running = false;
    job->pid = 0;
    f->n_running--;
}

static void end(struct finish_job *job, enum finish_outcome outcome)
{
    struct finish *f = job->all;
    rest(job);
    TAILQ_REMOVE(&f->jobs, job, entry);
    f->on_done(f->arg, job, outcome);
    free(job);
}

static void try_later(struct finish_job *job, const char *why)
{
    LOG_WARN(REC, "finishing is tried again later s=%lld reason=%s", (long long)(job->later_us / 1000000), why);
    job->due_us = loop_now_us() + job->later_us;
    job->later_us = MIN(2 * job->later_us, FINISH_LATEST_US);
    rest(job);
}

static void on_crash(struct finish_job *job, int signal_number)
{
    LOG_ERROR(REC, "finisher died of signal=%s", strsignal(signal_number));
    if (++job->crashes < FINISH_CRASHES) {
        job->due_us = 0;
        rest(job);
        return;
    }
    snprintf(job->error, sizeof(job->error), "the finisher died of signal %d", signal_number);
    end(job, FINISH_FAILED);
}

static void on_status(struct finish_job *job, int status)
{
    if (!*job->error)
        snprintf(job->error, sizeof(job->error), "the finisher ended with status %d", status);
    if (status == STATUS_DISK_FULL)
        try_later(job, "disk full");
    else if (status == STATUS_EMPTY)
        end(job, FINISH_EMPTY);
    else
        end(job, status == STATUS_DONE ? FINISH_DONE : FINISH_FAILED);
}

static void on_exit_of(struct watch *w, uint32_t events)
{
    struct finish_job *job = CONTAINER_OF(w, struct finish_job, exit);
    int status;
    if (waitpid(job->pid, &status, WNOHANG) != job->pid)
        return;
    if (job->out.fd >= 0)
        on_out(&job->out, 0);
    if (job->err.fd >= 0)
        on_err(&job->err, 0);
    lines_end(&job->out_lines, on_out_line, job);
    lines_end(&job->err_lines, on_err_line, job);
    if (WIFSIGNALED(status))
        on_crash(job, WTERMSIG(status));
    else
        on_status(job, WEXITSTATUS(status));
}

static void on_started(struct hand_job *h)
{
    struct finish_job *job = (struct finish_job *)h;
    struct loop *loop = job->all->loop;
    if (job->lock_err == -EWOULDBLOCK) {
        try_later(job, "one of an earlier run is still at it");
    } else if (job->lock_err) {
        snprintf(job->error, sizeof(job->error), "the capture is not there: %s", strerror(-job->lock_err));
        end(job, FINISH_FAILED);
    } else if (job->spawn_err) {
        try_later(job, strerror(-job->spawn_err));
    } else {
        loop_add(loop, &job->exit, EPOLLIN);
        loop_add(loop, &job->out, EPOLLIN);
        loop_add(loop, &job->err, EPOLLIN);
    }
}

/* ---- The queue ---- */

struct finish_job *finish_add(struct finish *f, enum finish_kind kind, uint64_t room, uint64_t take, void *arg)
{
    struct finish_job *job = calloc(1, sizeof(*job));
    if (!job)
        abort();
    *job = (struct finish_job){
        .all = f, .kind = kind, .room = room, .take = take, .arg = arg, .later_us = FINISH_LATER_US};
    job->spawn = (struct hand_job){.work = start, .done = on_started};
    job->exit = (struct watch){.fd = -1, .on_ready = on_exit_of};
    job->out = (struct watch){.fd = -1, .on_ready = on_out};
    job->err = (struct watch){.fd = -1, .on_ready = on_err};
    TAILQ_INSERT_TAIL(&f->jobs, job, entry);
    return job;
}

static void begin(struct finish_job *job)
{
    job->running = true;
    job->all->n_running++;
    job->progress = 0;
    job->spawn_err = 0;
    job->error[0] = '\0';
    job->file = (struct report){0};
    hand_give(job->all->hand, &job->spawn);
}

void finish_tick(struct finish *f, int64_t now_us)
{
    struct finish_job *job;
    TAILQ_FOREACH (job, &f->jobs, entry) {
        if (f->n_running >= f->n_at_a_time)
            return;
        if (!job->running && now_us >= job->due_us)
            begin(job);
    }
}

static void kill_all(const struct finish *f, int signal_number)
{
    const struct finish_job *job;
    TAILQ_FOREACH (job, &f->jobs, entry)
        if (job->exit.fd >= 0)
            syscall(SYS_pidfd_send_signal, job->exit.fd, signal_number, NULL, 0);
}

static void reap(const struct finish_job *job, int64_t until_us)
{
    struct pollfd wait = {.fd = job->exit.fd, .events = POLLIN};
    int64_t left_us = MAX(until_us - loop_now_us(), 0);
    if (poll(&wait, 1, (int)(left_us / 1000)) == 0)
        kill(job->pid, SIGKILL);
    waitpid(job->pid, NULL, 0);
}

void finish_stop(struct finish *f)
{
    struct finish_job *job;
    int64_t until_us = loop_now_us() + FINISH_GOODBYE_US;
    while (f->hand->n_open) { /* one may just be starting */
        struct pollfd wait = {.fd = f->hand->event_fd, .events = POLLIN};
        poll(&wait, 1, -1);
        hand_answer(f->hand);
    }
    kill_all(f, SIGTERM);
    while ((job = TAILQ_FIRST(&f->jobs))) {
        if (job->exit.fd >= 0)
            reap(job, until_us);
        close_watches(job);
        TAILQ_REMOVE(&f->jobs, job, entry);
        free(job);
    }
}

/* Beside us: in a build in film/, installed in the same folder. */
static void find_program(struct finish *f)
{
    static const char *const places[] = {"film/" FINISH_PROGRAM, FINISH_PROGRAM};
    ssize_t len = readlink("/proc/self/exe", f->program, sizeof(f->program) - sizeof("film/" FINISH_PROGRAM));
    while (len > 0 && f->program[len - 1] != '/')
        len--;
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        strcpy(f->program + MAX(len, 0), places[i]);
        if (access(f->program, X_OK) == 0)
            return;
    }
}

void finish_init(struct finish *f, struct loop *loop, struct hand *hand, const char *records, const char *program,
                 unsigned n_at_a_time)
{
    *f = (struct finish){.loop = loop, .hand = hand, .records = records, .n_at_a_time = n_at_a_time};
    TAILQ_INIT(&f->jobs);
    if (program)
        snprintf(f->program, sizeof(f->program), "%s", program);
    else
        find_program(f);
}
