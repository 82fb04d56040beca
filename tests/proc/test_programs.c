/* SPDX-License-Identifier: MIT */
/* The programs as an operator meets them: configuration, exit status, idle cost, tools/run. */
#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/proc/world.h"

static const char *const programs[] = {"controlplane", "dataplane", "recorder"};

static void path_of(const char *program, char *path, size_t size)
{
    const char *build = getenv("ROOMLINE_BUILD");
    snprintf(path, size, "%s/%s/roomline-%s", build ? build : "build", program, program);
}

static const struct {
    const char *name, *file; /* the configuration file */
    const char *option, *value;
    int status;
    const char *says[3];
} cases[] = {
    {"defaults", "", "--dump-conf", NULL, 0, {"ws.port = 8080", "workers.count = 1", "media.port = 31001"}},
    {"a value", "# x\nws.port = 81\n", "--dump-conf", NULL, 0, {"ws.port = 81"}},
    {"unknown key", "ws.port = 81\n\nno.such = 1\n", "--dump-conf", NULL, 2, {"/conf:3:", "no.such"}},
    {"out of range", "ws.port = 65536\n", "--dump-conf", NULL, 2, {"/conf:1:", "ws.port", "65535"}},
    {"no number", "\nworkers.count = many\n", "--dump-conf", NULL, 2, {"/conf:2:", "workers.count", "many"}},
    {"no such word", "log.level = loud\n", "--dump-conf", NULL, 2, {"/conf:1:", "log.level", "debug"}},
    {"bad --set", "", "--set", "ws.port=x", 2, {"ws.port"}},
    {"unknown --set", "", "--set", "x=y", 2, {"x"}},
    {"unknown option", "", "--fly", NULL, 2, {"--fly"}},
};

static void test_configuration(void **state)
{
    struct world *w = *state;
    for (size_t p = 0; p < ARRAY_SIZE(programs); p++) {
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
            char path[256], conf[128], *said = NULL;
            path_of(programs[p], path, sizeof(path));
            snprintf(conf, sizeof(conf), "%s/conf", w->dir);
            FILE *f = fopen(conf, "we");
            fputs(cases[i].file, f);
            fclose(f);
            const char *argv[] = {path, "--conf", conf, cases[i].option, cases[i].value, NULL};
            int status = process_run(argv, &said);
            if (status != cases[i].status)
                printf("# %s, %s: status %d: %s\n", programs[p], cases[i].name, status, said);
            assert_int_equal(status, cases[i].status);
            for (size_t n = 0; n < ARRAY_SIZE(cases[i].says) && cases[i].says[n]; n++) {
                if (!strstr(said, cases[i].says[n]))
                    printf("# %s, %s: no \"%s\" in: %s\n", programs[p], cases[i].name, cases[i].says[n], said);
                assert_non_null(strstr(said, cases[i].says[n]));
            }
            free(said);
        }
    }
    w->closed = true;
}

/* The port is taken: said in words, and the exit status is not 0. */
static void test_second_instance(void **state)
{
    struct world *w = *state;
    world_start(w, NULL);
    world_start_recorder(w);
    for (size_t p = 0; p < ARRAY_SIZE(programs); p++) {
        char path[256], run[128], state_dir[128], *said = NULL;
        path_of(programs[p], path, sizeof(path));
        snprintf(run, sizeof(run), "run_dir=%s/run", w->dir);
        snprintf(state_dir, sizeof(state_dir), "state_dir=%s/state", w->dir);
        const char *argv[] = {path, "--set", run, "--set", state_dir, "--set", "wss.port=0", NULL};
        int status = process_run(argv, &said);
        printf("# %s: status %d: %.300s\n", programs[p], status, strrchr(said, ' ') ? said : "");
        assert_int_not_equal(status, 0);
        assert_non_null(strstr(said, "error "));
        free(said);
    }
    world_close(w);
}

static void test_idle_cost(void **state)
{
    struct world *w = *state;
    world_start(w, "workers.count=2", NULL);
    world_start_recorder(w);
    struct person *p = world_person(w, &(struct person_conf){.login = "idle", .room = "r"});
    const struct process *const daemons[] = {&w->dataplane, &w->controlplane, &w->recorder};
    int64_t before_us[ARRAY_SIZE(daemons)];
    WORLD_AWAIT(w, 3000, p->joined);
    for (size_t i = 0; i < ARRAY_SIZE(daemons); i++)
        before_us[i] = process_cpu_us(daemons[i]);
    world_run_for(w, 2 * SECOND_US);
    for (size_t i = 0; i < ARRAY_SIZE(daemons); i++) {
        int64_t time_us = process_cpu_us(daemons[i]) - before_us[i];
        printf("# CPU in 2 s: %ld ms, %s\n", time_us / 1000, daemons[i]->log);
        WORLD_CHECK(w, time_us <= 40000);
    }
    world_close(w);
}

/* ---- tools/run ---- */

/* The youngest process of that name below parent; 0: none. */
static pid_t child_of(pid_t parent, const char *name)
{
    char path[64], children[512] = "", comm[64];
    pid_t found = 0;
    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)parent, (int)parent);
    FILE *f = fopen(path, "re");
    if (!f)
        return 0;
    size_t n = fread(children, 1, sizeof(children) - 1, f);
    children[n] = '\0';
    fclose(f);
    for (char *word = strtok(children, " "); word; word = strtok(NULL, " ")) {
        snprintf(path, sizeof(path), "/proc/%.16s/comm", word);
        if ((f = fopen(path, "re"))) {
            if (fgets(comm, sizeof(comm), f) && strncmp(comm, name, strlen(name)) == 0)
                found = (pid_t)atoi(word);
            fclose(f);
        }
    }
    return found;
}

static bool said(const struct process *p, const char *text)
{
    char *log = process_output(p);
    bool found = strstr(log, text);
    free(log);
    return found;
}

static struct running {
    struct process tool;
    pid_t dataplane, controlplane, recorder; /* its children */
} running;

/* A tool that failed leaves its children. */
static int teardown_tool(void **state)
{
    process_stop(&running.tool, SIGKILL, SECOND_US);
    if (running.dataplane)
        kill(running.dataplane, SIGKILL);
    if (running.controlplane)
        kill(running.controlplane, SIGKILL);
    if (running.recorder)
        kill(running.recorder, SIGKILL);
    running = (struct running){0};
    return world_teardown(state);
}

static struct running *start_tool(struct world *w)
{
    char log[128], run[128], state_dir[128], records[128];
    struct running *r = &running;
    snprintf(log, sizeof(log), "%s/run.log", w->dir);
    snprintf(run, sizeof(run), "run_dir=%s/run", w->dir);
    snprintf(state_dir, sizeof(state_dir), "state_dir=%s/state", w->dir);
    snprintf(records, sizeof(records), "record.dir=%s/records", w->dir);
    const char *argv[] = {"tools/run", "--no-setup", "--set", run, "--set", state_dir, "--set", records, NULL};
    assert_int_equal(process_start(&r->tool, log, argv), 0);
    w->may_die = true;
    WORLD_AWAIT(w, 20000, said(&r->tool, "stop with Ctrl-C") || !process_runs(&r->tool));
    r->dataplane = child_of(r->tool.pid, "roomline-datapl");
    r->controlplane = child_of(r->tool.pid, "roomline-contro");
    r->recorder = child_of(r->tool.pid, "roomline-record");
    WORLD_CHECK(w, r->dataplane && r->controlplane && r->recorder);
    WORLD_CHECK(w, said(&r->tool, "http://localhost:8080/conference.html"));
    return r;
}

static void await_end(struct world *w, struct running *r)
{
    WORLD_AWAIT(w, 15000, !process_runs(&r->tool));
    WORLD_AWAIT(w, 1000, kill(r->dataplane, 0) && kill(r->controlplane, 0) && kill(r->recorder, 0));
    r->dataplane = r->controlplane = r->recorder = 0;
}

static int lo_accepts_local(void)
{
    int value = -1;
    FILE *f = fopen("/proc/sys/net/ipv4/conf/lo/accept_local", "re");
    if (f && fscanf(f, "%d", &value) != 1)
        value = -1;
    if (f)
        fclose(f);
    return value;
}

static void test_run_tells_who_died(void **state)
{
    static const struct {
        const char *name;
        bool dataplane;
        int signal_number;
        const char *says;
    } deaths[] = {
        {"dataplane", true, SIGKILL, "dataplane died of signal SIGKILL"},
        {"controlplane", false, SIGSEGV, "controlplane died of signal SIGSEGV"},
    };
    struct world *w = *state;
    for (size_t i = 0; i < ARRAY_SIZE(deaths); i++) {
        struct running *r = start_tool(w);
        kill(deaths[i].dataplane ? r->dataplane : r->controlplane, deaths[i].signal_number);
        await_end(w, r);
        if (!said(&r->tool, deaths[i].says))
            process_print_log(&r->tool, "tools/run", 30);
        WORLD_CHECK(w, said(&r->tool, deaths[i].says));
        WORLD_CHECK(w, WIFEXITED(r->tool.status) && WEXITSTATUS(r->tool.status) != 0);
        WORLD_CHECK(w, lo_accepts_local() == 0); /* which AF_XDP had changed, and the killed one cannot put back */
        unlink(r->tool.log);
    }
    w->closed = true;
}

/* Without it nothing is recorded, and everything else goes on. */
static void test_run_starts_the_recorder_again(void **state)
{
    struct world *w = *state;
    struct running *r = start_tool(w);
    pid_t first = r->recorder;
    kill(first, SIGKILL);
    WORLD_AWAIT(w, 5000, (r->recorder = child_of(r->tool.pid, "roomline-record")) && r->recorder != first);
    WORLD_CHECK(w, said(&r->tool, "recorder died of signal SIGKILL"));
    WORLD_CHECK(w, kill(r->dataplane, 0) == 0 && kill(r->controlplane, 0) == 0 && process_runs(&r->tool));
    kill(r->tool.pid, SIGINT);
    await_end(w, r);
    w->closed = true;
}

static void test_run_stops_at_ctrl_c(void **state)
{
    struct world *w = *state;
    struct running *r = start_tool(w);
    kill(r->tool.pid, SIGINT);
    await_end(w, r);
    if (r->tool.status)
        process_print_log(&r->tool, "tools/run", 30);
    WORLD_CHECK(w, WIFEXITED(r->tool.status) && WEXITSTATUS(r->tool.status) == 0);
    w->closed = true;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_configuration),
        WORLD_TEST(test_second_instance),
        WORLD_TEST(test_idle_cost),
        cmocka_unit_test_setup_teardown(test_run_tells_who_died, world_setup, teardown_tool),
        cmocka_unit_test_setup_teardown(test_run_starts_the_recorder_again, world_setup, teardown_tool),
        cmocka_unit_test_setup_teardown(test_run_stops_at_ctrl_c, world_setup, teardown_tool),
    };
    return world_enter("programs") ? cmocka_run_group_tests_name("programs", tests, NULL, NULL) : 0;
}
