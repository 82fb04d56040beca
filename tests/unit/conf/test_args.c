/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <unistd.h>

#include "common/util.h"
#include "conf/args.h"

#define ARGS_MAX 8

static char *shipped_path;

/* Parses with stdout and stderr caught in out. args ends at NULL; getopt permutes a copy of it. */
static int parse(struct conf *conf, const char *const *args, char *out, size_t out_bytes)
{
    char copies[ARGS_MAX][128], *argv[ARGS_MAX + 1] = {NULL};
    int argc = 0;
    for (; args[argc]; argc++) {
        assert_true(argc < ARGS_MAX);
        snprintf(copies[argc], sizeof(copies[argc]), "%s", args[argc]);
        argv[argc] = copies[argc];
    }
    FILE *caught = tmpfile();
    int kept[2] = {dup(1), dup(2)};
    fflush(stdout);
    dup2(fileno(caught), 1);
    dup2(fileno(caught), 2);
    int rc = args_parse(conf, argc, argv, "a test");
    fflush(stdout);
    dup2(kept[0], 1);
    dup2(kept[1], 2);
    close(kept[0]);
    close(kept[1]);
    rewind(caught);
    out[fread(out, 1, out_bytes - 1, caught)] = '\0';
    fclose(caught);
    return rc;
}

static void outcomes(void **state)
{
    static const struct {
        const char *args[ARGS_MAX + 1];
        int status;
        const char *out; /* holds this; NULL: stays empty */
    } cases[] = {
        {{"x"}, ARGS_GO_ON, NULL},
        {{"x", "--set", "ws.port=81", "--set=run_dir=/a=b"}, ARGS_GO_ON, NULL},
        {{"x", "--dump-conf", "--set", "ws.port=81"}, 0, "\nws.port = 81\n"},
        {{"x", "--version"}, 0, "roomline "},
        {{"x", "--help"}, 0, "x: a test\n"},
        {{"x", "--set", "ws.port=x"}, 2, "x: ws.port: expected a number 0..65535, found \"x\"\n"},
        {{"x", "--set", "ws.port"}, 2, "x: --set: expected KEY=VALUE, found \"ws.port\"\n"},
        {{"x", "--set", "prot=1"}, 2, "x: prot: no such key\n"},
        {{"x", "--conf", "/nowhere/at/all"}, 2, "x: /nowhere/at/all: No such file or directory\n"},
        {{"x", "--nothing"}, 2, "unrecognized option '--nothing'"},
        {{"x", "--conf"}, 2, "requires an argument"},
        {{"x", "stray"}, 2, "there are no arguments but options"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct conf conf;
        char out[16384];
        assert_int_equal(parse(&conf, cases[i].args, out, sizeof(out)), cases[i].status);
        if (cases[i].out && !strstr(out, cases[i].out))
            fail_msg("case %zu: \"%s\" is not in \"%s\"", i, cases[i].out, out);
        if (!cases[i].out)
            assert_string_equal(out, "");
        conf_finish(&conf);
    }
}

static void later_options_win(void **state)
{
    struct conf conf;
    char out[256];
    const char *over[] = {"x", "--conf", shipped_path, "--set", "ws.port=1", "--set", "ws.port=2", NULL};
    assert_int_equal(parse(&conf, over, out, sizeof(out)), ARGS_GO_ON);
    assert_int_equal(conf.ws_port, 2);
    conf_finish(&conf);
    const char *under[] = {"x", "--set", "ws.port=1", "--conf", shipped_path, NULL};
    assert_int_equal(parse(&conf, under, out, sizeof(out)), ARGS_GO_ON);
    assert_int_equal(conf.ws_port, 8080);
    conf_finish(&conf);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(outcomes),
        cmocka_unit_test(later_options_win),
    };
    shipped_path = argc > 1 ? argv[1] : "conf/roomline.conf";
    return cmocka_run_group_tests(tests, NULL, NULL);
}
