/* SPDX-License-Identifier: MIT */
/* Hooks as they are: real scripts of a shell, awaited for ten seconds at most; their time limits on a virtual clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "common/util.h"
#include "controlplane/hooks.h"

#define PATIENCE_MS 10000
#define MINUTE_MS   60000

struct fixture {
    struct hooks *hooks;
    int64_t now_us;
    int signals;
    char dir[64], script[128], out[128];
    char log[65536];
};

static void on_log(void *arg, const char *line, size_t len)
{
    struct fixture *f = arg;
    assert_true(strlen(f->log) + len < sizeof(f->log));
    strcat(f->log, line);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    f->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    signal(SIGPIPE, SIG_IGN); /* as the program does */
    snprintf(f->dir, sizeof(f->dir), "/tmp/test_hooks.XXXXXX");
    if (!mkdtemp(f->dir))
        return -1;
    snprintf(f->script, sizeof(f->script), "%s/hook", f->dir);
    snprintf(f->out, sizeof(f->out), "%s/out", f->dir);
    log_set_sink(on_log, f);
    f->hooks = hooks_create();
    *state = f;
    return f->hooks ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    hooks_destroy(f->hooks);
    log_set_sink(NULL, NULL);
    unlink(f->script);
    unlink(f->out);
    close(f->signals);
    int rc = rmdir(f->dir); /* fails if anything unexpected was left there */
    free(f);
    return rc;
}

static void write_script(struct fixture *f, const char *body)
{
    FILE *file = fopen(f->script, "we");
    assert_non_null(file);
    fprintf(file, "#!/bin/sh\nout=%s\n%s\n", f->out, body);
    fclose(file);
    assert_int_equal(chmod(f->script, 0700), 0);
}

static const char *read_out(const struct fixture *f)
{
    static char text[8192];
    FILE *file = fopen(f->out, "re");
    size_t n = file ? fread(text, 1, sizeof(text) - 1, file) : 0;
    text[n] = 0;
    if (file)
        fclose(file);
    return text;
}

static void run(struct fixture *f, enum hook hook, const char *a, const char *b)
{
    hooks_run(f->hooks, hook, (const char *const[]){f->script, a, b, NULL}, MINUTE_MS);
}

static int64_t real_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void serve(struct fixture *f)
{
    struct signalfd_siginfo info;
    struct pollfd fds[1 + HOOK_COUNT] = {{.fd = f->signals, .events = POLLIN}};
    for (enum hook hook = 0; hook < HOOK_COUNT; hook++)
        fds[1 + hook] = (struct pollfd){.fd = hooks_fd(f->hooks, hook), .events = POLLIN};
    poll(fds, ARRAY_SIZE(fds), 20);
    for (enum hook hook = 0; hook < HOOK_COUNT; hook++) {
        if (fds[1 + hook].revents)
            hooks_on_readable(f->hooks, hook);
    }
    if (read(f->signals, &info, sizeof(info)) == sizeof(info))
        hooks_on_child(f->hooks);
}

static uint64_t ended(const struct fixture *f, enum hook hook)
{
    struct hooks_count count = hooks_count(f->hooks, hook);
    return count.ok + count.failed;
}

static void await_end(struct fixture *f, enum hook hook, uint64_t n)
{
    for (int64_t until = real_ms() + PATIENCE_MS; ended(f, hook) < n;) {
        assert_true(real_ms() < until);
        serve(f);
    }
    assert_int_equal(ended(f, hook), n);
}

static void await_out(struct fixture *f, const char *text)
{
    for (int64_t until = real_ms() + PATIENCE_MS; strcmp(read_out(f), text);) {
        assert_true(real_ms() < until);
        serve(f);
    }
}

static void test_arguments_are_never_words_of_a_shell(void **state)
{
    struct fixture *f = *state;
    write_script(f, "printf '<%s>' $# \"$@\" >$out");
    run(f, HOOK_RECORD, "a b\n$(touch x) `id` 'q' \"p\" ; &", "-rf");
    await_end(f, HOOK_RECORD, 1);
    assert_string_equal(read_out(f), "<2><a b\n$(touch x) `id` 'q' \"p\" ; &><-rf>");
    assert_int_equal(hooks_count(f->hooks, HOOK_RECORD).ok, 1);
}

/* Nothing of ours is inherited: descriptors, signal mask, ignored signals, process group. */
static void test_nothing_is_inherited(void **state)
{
    struct fixture *f = *state;
    int leak = fcntl(f->signals, F_DUPFD, 50); /* without close-on-exec */
    write_script(f, "cd /proc/$$/fd\n"
                    "for n in *; do [ $n -gt 9 ] || echo -n $n; [ $n -ne 50 ] || echo -n leak; done >$out\n"
                    "grep -E '^Sig(Blk|Ign)' /proc/$$/status | tr -s '\\n\\t' ' ' >>$out\n"
                    "read -r pid name state parent group rest </proc/$$/stat\n"
                    "[ $group = $$ ] && echo -n own >>$out\n"
                    "read -r line || echo -n ' eof' >>$out");
    run(f, HOOK_RECORD, "x", NULL);
    await_end(f, HOOK_RECORD, 1);
    const char *out = read_out(f), *blocked = strstr(out, "SigBlk: "), *ignored = strstr(out, "SigIgn: ");
    assert_memory_equal(out, "012", 3);
    assert_null(strstr(out, "leak"));
    assert_true(blocked && ignored);
    assert_int_equal(strtoull(blocked + 8, NULL, 16), 0);
    assert_int_equal(strtoull(ignored + 8, NULL, 16) & INT32_MAX, 0); /* libc keeps two above for itself */
    assert_non_null(strstr(out, "own eof"));
    close(leak);
}

static void test_output_goes_to_the_log(void **state)
{
    struct fixture *f = *state;
    write_script(f, "echo one; echo two >&2; printf 'esc\\033[31m\\n\\n'; head -c 700 /dev/zero | tr '\\0' x; exit 3");
    run(f, HOOK_MULTIPLE, "x", NULL);
    await_end(f, HOOK_MULTIPLE, 1);
    assert_non_null(strstr(f->log, "hook=\"multiple_record\" says=\"one\"\n"));
    assert_non_null(strstr(f->log, "says=\"two\"\n"));
    assert_non_null(strstr(f->log, "says=\"esc\\u001b[31m\"\n"));
    assert_non_null(strstr(f->log, "xxx\"\n"));
    assert_non_null(strstr(f->log, "failed hook=\"multiple_record\" about=\"x\" status=3"));
    assert_int_equal(hooks_count(f->hooks, HOOK_MULTIPLE).failed, 1);
}

/* Of a kind one after the other, in order; kinds side by side. */
static void test_one_at_a_time(void **state)
{
    struct fixture *f = *state;
    write_script(f, "echo -n \"($1\" >>$out; while [ -e $0.$1 ]; do sleep 0.01; done; echo -n \"$1)\" >>$out");
    char gate[160];
    snprintf(gate, sizeof(gate), "%s.a", f->script);
    close(open(gate, O_CREAT | O_CLOEXEC | O_WRONLY, 0600));
    run(f, HOOK_RECORD, "a", NULL);
    run(f, HOOK_RECORD, "b", NULL);
    await_out(f, "(a");
    run(f, HOOK_MULTIPLE, "m", NULL);
    await_end(f, HOOK_MULTIPLE, 1);
    assert_string_equal(read_out(f), "(a(mm)");
    unlink(gate);
    await_end(f, HOOK_RECORD, 2);
    assert_string_equal(read_out(f), "(a(mm)a)(bb)");
}

static void test_mixing_is_nice(void **state)
{
    struct fixture *f = *state;
    write_script(f, "for i in 1 2 3 4 5 6 7 8 9; do [ $(nice) -gt 0 ] && break; sleep 0.1; done; nice >$out");
    run(f, HOOK_MULTIPLE, "x", NULL);
    await_end(f, HOOK_MULTIPLE, 1);
    assert_string_equal(read_out(f), "10\n");
}

static bool is_alive(int pid)
{
    char path[64], text[256] = "";
    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    size_t n = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    const char *name_end = n ? strrchr(text, ')') : NULL;
    return name_end && name_end[2] != 'Z';
}

/* First asked, then killed, and whatever it has started with it. */
static void test_too_long(void **state)
{
    static const struct {
        const char *script;
        bool obeys;
    } cases[] = {
        {"(trap '' TERM; exec sleep 600) & echo $! >$out; wait", true},
        {"trap '' TERM; sleep 600 & echo $! >$out; while :; do wait; sleep 1; done", false},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        unlink(f->out);
        write_script(f, cases[i].script);
        hooks_tick(f->hooks, f->now_us);
        run(f, HOOK_RECORD, "x", NULL);
        for (int64_t until = real_ms() + PATIENCE_MS; !strchr(read_out(f), '\n');)
            assert_true(real_ms() < until);
        int child = atoi(read_out(f));
        assert_true(is_alive(child));
        hooks_tick(f->hooks, f->now_us += 59999000);
        assert_null(strstr(f->log, "too long"));
        hooks_tick(f->hooks, f->now_us += 1000);
        assert_non_null(strstr(f->log, "runs for too long hook=\"record\" about=\"x\" signal=\"TERM\""));
        if (!cases[i].obeys)
            hooks_tick(f->hooks, f->now_us += 5000000);
        await_end(f, HOOK_RECORD, i + 1);
        assert_true((strstr(f->log, "signal=\"KILL\"") == NULL) == cases[i].obeys);
        for (int64_t until = real_ms() + PATIENCE_MS; is_alive(child);)
            assert_true(real_ms() < until);
        f->log[0] = 0;
    }
    assert_int_equal(hooks_count(f->hooks, HOOK_RECORD).failed, 2);
}

static void test_cannot_start(void **state)
{
    struct fixture *f = *state;
    hooks_run(f->hooks, HOOK_RECORD, (const char *const[]){"/no/such/program", "x", NULL}, MINUTE_MS);
    assert_int_equal(hooks_count(f->hooks, HOOK_RECORD).failed, 1);
    assert_non_null(strstr(f->log, "cannot run hook=\"record\" program=\"/no/such/program\""));
    assert_int_equal(hooks_fd(f->hooks, HOOK_RECORD), -1);
    write_script(f, "echo -n ok >$out");
    run(f, HOOK_RECORD, "x", NULL);
    await_end(f, HOOK_RECORD, 2);
    assert_string_equal(read_out(f), "ok");
}

static void test_queue_is_bounded(void **state)
{
    struct fixture *f = *state;
    write_script(f, "i=0; while [ -e $0 ] && [ $((i += 1)) -lt 500 ]; do sleep 0.02; done"); /* until we end */
    for (int i = 0; i < HOOKS_QUEUE_MAX + 3; i++)
        run(f, HOOK_RECORD, "x", NULL);
    assert_int_equal(hooks_count(f->hooks, HOOK_RECORD).dropped, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_arguments_are_never_words_of_a_shell, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_is_inherited, setup, teardown),
        cmocka_unit_test_setup_teardown(test_output_goes_to_the_log, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_at_a_time, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mixing_is_nice, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_long, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cannot_start, setup, teardown),
        cmocka_unit_test_setup_teardown(test_queue_is_bounded, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
