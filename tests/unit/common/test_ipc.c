/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/ipc.h"
#include "common/util.h"

static char dir[64], path[96];

static int setup(void **state)
{
    snprintf(dir, sizeof(dir), "/tmp/roomline-ipc-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof(path), "%s/link", dir);
    return 0;
}

static int teardown(void **state)
{
    unlink(path);
    return rmdir(dir);
}

static size_t open_fds(void)
{
    size_t n = 0;
    DIR *d = opendir("/proc/self/fd");
    assert_non_null(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

struct link {
    int listener, a, b;
};

static struct link make_link(void)
{
    struct link l = {.listener = ipc_listen(path)};
    assert_true(l.listener >= 0);
    l.a = ipc_connect(path);
    assert_true(l.a >= 0);
    l.b = ipc_accept(l.listener);
    assert_true(l.b >= 0);
    return l;
}

static void close_link(struct link *l)
{
    close(l->a);
    close(l->b);
    close(l->listener);
}

static void test_modes(void **state)
{
    mode_t old = umask(0);
    struct link l = make_link();
    umask(old);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    const int fds[] = {l.listener, l.a, l.b};
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
        assert_true(fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
        assert_true(fcntl(fds[i], F_GETFL) & O_NONBLOCK);
    }
    assert_int_equal(ipc_accept(l.listener), -EAGAIN);
    close_link(&l);
}

static void test_paths(void **state)
{
    size_t before = open_fds();
    char longer[200];
    memset(longer, 'x', sizeof(longer));
    longer[sizeof(longer) - 1] = 0;
    assert_int_equal(ipc_listen(longer), -ENAMETOOLONG);
    assert_int_equal(ipc_connect(longer), -ENAMETOOLONG);
    assert_int_equal(ipc_listen(""), -EINVAL);
    assert_int_equal(ipc_connect(path), -ENOENT);

    int first = ipc_listen(path);
    assert_true(first >= 0);
    assert_int_equal(ipc_listen(path), -EADDRINUSE); /* somebody listens */
    close(first);
    assert_int_equal(ipc_connect(path), -ECONNREFUSED);
    int second = ipc_listen(path); /* the stale file gives way */
    assert_true(second >= 0);
    close(second);

    unlink(path);
    int file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_int_equal(ipc_listen(path), -EADDRINUSE); /* not ours to remove */
    assert_int_equal(access(path, F_OK), 0);
    close(file);
    assert_int_equal(open_fds(), before);
}

static void test_records(void **state)
{
    struct link l = make_link();
    char buf[16];
    assert_int_equal(ipc_recv(l.b, buf, sizeof(buf), NULL, NULL), -EAGAIN);
    assert_int_equal(ipc_send(l.a, "one", 3, NULL, 0), 0);
    assert_int_equal(ipc_send(l.a, "three", 5, NULL, 0), 0);
    assert_int_equal(ipc_send(l.a, "", 0, NULL, 0), -EINVAL);
    assert_int_equal(ipc_recv(l.b, buf, sizeof(buf), NULL, NULL), 3); /* borders are kept */
    assert_memory_equal(buf, "one", 3);
    assert_int_equal(ipc_recv(l.b, buf, sizeof(buf), NULL, NULL), 5);
    assert_memory_equal(buf, "three", 5);

    assert_int_equal(ipc_send(l.a, "0123456789abcdef!", 17, NULL, 0), 0);
    assert_int_equal(ipc_send(l.a, "next", 4, NULL, 0), 0);
    assert_int_equal(ipc_recv(l.b, buf, sizeof(buf), NULL, NULL), -EMSGSIZE);
    assert_int_equal(ipc_recv(l.b, buf, sizeof(buf), NULL, NULL), 4);

    close(l.a);
    assert_int_equal(ipc_recv(l.b, buf, sizeof(buf), NULL, NULL), 0);
    assert_int_equal(ipc_send(l.b, "x", 1, NULL, 0), -EPIPE);
    l.a = -1;
    close_link(&l);
}

static void test_full_socket(void **state)
{
    struct link l = make_link();
    char buf[1000] = {0};
    size_t sent = 0, received = 0;
    int err;
    while (!(err = ipc_send(l.a, buf, sizeof(buf), NULL, 0)))
        sent++;
    assert_int_equal(err, -EAGAIN);
    while (ipc_recv(l.b, buf, sizeof(buf), NULL, NULL) == sizeof(buf))
        received++;
    assert_int_equal(received, sent);
    assert_int_equal(ipc_send(l.a, buf, sizeof(buf), NULL, 0), 0);
    close_link(&l);
}

static const struct {
    const char *what;
    size_t sent, capacity;
    bool wanted;
    size_t size; /* of the receiver's buffer; the record has 4 bytes */
    int want;
} fd_cases[] = {
    {"one", 1, 1, true, 8, 4},
    {"the most", IPC_FDS_MAX, IPC_FDS_MAX, true, 8, 4},
    {"none though some could come", 0, 4, true, 8, 4},
    {"more than there is room for", 3, 2, true, 8, -EMSGSIZE},
    {"none wanted", 2, 0, false, 8, -EMSGSIZE},
    {"record cut short", 2, 2, true, 2, -EMSGSIZE},
};

static void test_descriptors(void **state)
{
    struct link l = make_link();
    size_t before = open_fds();
    for (size_t i = 0; i < ARRAY_SIZE(fd_cases); i++) {
        int out[IPC_FDS_MAX], in[IPC_FDS_MAX];
        size_t n = fd_cases[i].capacity;
        char buf[8];
        print_message("  %s\n", fd_cases[i].what);
        for (size_t k = 0; k < fd_cases[i].sent; k++)
            out[k] = l.listener;
        assert_int_equal(ipc_send(l.a, "fds!", 4, out, fd_cases[i].sent), 0);
        assert_int_equal(ipc_recv(l.b, buf, fd_cases[i].size, in, fd_cases[i].wanted ? &n : NULL), fd_cases[i].want);
        if (fd_cases[i].want > 0)
            assert_int_equal(n, fd_cases[i].sent);
        else if (fd_cases[i].wanted)
            assert_int_equal(n, 0);
        for (size_t k = 0; fd_cases[i].want > 0 && k < n; k++) {
            assert_true(fcntl(in[k], F_GETFD) & FD_CLOEXEC);
            close(in[k]);
        }
        assert_int_equal(open_fds(), before); /* nothing leaks, whatever came */
    }
    int many[IPC_FDS_MAX + 1] = {0};
    assert_int_equal(ipc_send(l.a, "x", 1, many, IPC_FDS_MAX + 1), -EINVAL);
    close_link(&l);
}

/* A peer of another making sends more descriptors than our control buffer holds: MSG_CTRUNC. */
static void test_control_truncated(void **state)
{
    enum { N = IPC_FDS_MAX + 4 };
    struct link l = make_link();
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(N * sizeof(int))];
    } control = {0};
    struct iovec iov = {.iov_base = "many", .iov_len = 4};
    struct msghdr hdr = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes)};
    struct cmsghdr *c = CMSG_FIRSTHDR(&hdr);
    *c = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(N * sizeof(int))};
    for (size_t i = 0; i < N; i++)
        memcpy(CMSG_DATA(c) + i * sizeof(int), &l.listener, sizeof(int));
    size_t before = open_fds();
    assert_int_equal(sendmsg(l.a, &hdr, 0), 4);
    int fds[IPC_FDS_MAX];
    size_t n = IPC_FDS_MAX;
    char buf[8];
    assert_int_equal(ipc_recv(l.b, buf, sizeof(buf), fds, &n), -EMSGSIZE);
    assert_int_equal(n, 0);
    assert_int_equal(open_fds(), before);
    close_link(&l);
}

/* Needs root, to become somebody else in a child. */
static void test_foreign_user(void **state)
{
    if (geteuid() != 0)
        skip();
    int listener = ipc_listen(path);
    assert_true(listener >= 0);
    assert_int_equal(chmod(dir, 0755), 0);
    assert_int_equal(chmod(path, 0666), 0); /* let the child past the file's mode, to the second check */
    pid_t pid = fork();
    if (pid == 0) {
        if (setgid(65534) || setuid(65534))
            _exit(2);
        _exit(ipc_connect(path) >= 0 ? 0 : 1); /* a server of root's is trusted */
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(ipc_accept(listener), -EPERM);
    assert_int_equal(ipc_accept(listener), -EAGAIN);
    close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_modes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_paths, setup, teardown),
        cmocka_unit_test_setup_teardown(test_records, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_socket, setup, teardown),
        cmocka_unit_test_setup_teardown(test_descriptors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_control_truncated, setup, teardown),
        cmocka_unit_test_setup_teardown(test_foreign_user, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
