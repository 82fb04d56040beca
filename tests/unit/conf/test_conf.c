/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "common/log.h"
#include "common/media.h"
#include "common/util.h"
#include "conf/conf.h"

static const char *shipped_path;

static int read_text(struct conf *conf, const char *text, size_t len, char *err)
{
    FILE *f = fmemopen((void *)text, len, "r");
    assert_non_null(f);
    int rc = conf_read(conf, f, "f", err, CONF_ERR_BYTES);
    fclose(f);
    return rc;
}

static char *dump_text(const struct conf *conf)
{
    char *text;
    size_t len;
    FILE *f = open_memstream(&text, &len);
    conf_dump(conf, f);
    assert_int_equal(fclose(f), 0);
    return text;
}

static void shipped_file_is_the_defaults(void **state)
{
    static const char head[] = "# SPDX-License-Identifier: MIT\n";
    static char shipped[65536];
    struct conf conf;
    FILE *f = fopen(shipped_path, "r");
    assert_non_null(f);
    shipped[fread(shipped, 1, sizeof(shipped) - 1, f)] = '\0';
    fclose(f);
    conf_defaults(&conf);
    char *dump = dump_text(&conf);
    assert_memory_equal(shipped, head, strlen(head));
    assert_string_equal(shipped + strlen(head), dump); /* CONTRIBUTING.md says how to make it anew */
    free(dump);
    conf_finish(&conf);
}

static void shipped_file_loads(void **state)
{
    struct conf conf;
    char err[CONF_ERR_BYTES] = "";
    conf_defaults(&conf);
    assert_int_equal(conf_load(&conf, shipped_path, err, sizeof(err)), 0);
    assert_string_equal(err, "");
    assert_int_equal(conf.ws_port, 8080);
    assert_int_equal(conf.room_idle_timeout_ms, 60000);
    assert_int_equal(conf.log_level, LOG_LEVEL_INFO);
    assert_int_equal(conf.dataplane_idle, CONF_IDLE_SLEEP);
    assert_string_equal(conf.static_mount, "/client2");
    assert_string_equal(conf.tls_cert, "");
    assert_int_equal(conf.origins.n, 0);
    assert_int_equal(conf.srtp_profiles.n, 3);
    assert_string_equal(conf.srtp_profiles.items[2], "AES_CM_128_HMAC_SHA1_80");
    conf_finish(&conf);
}

static void every_type_is_read(void **state)
{
    static const char text[] = "\xef\xbb\xbf# comment\n"
                               "; comment\n"
                               "\n"
                               "ws.port=65535 ; behind\n"
                               "log.level = debug\r\n"
                               "history.packets =\t1024\n"
                               "run_dir = /tmp/a b=c\n"
                               "media.announce = 192.0.2.1\n"
                               "    2001:db8::1  10.0.0.1\n"
                               "    # a comment does not end a list\n"
                               "\t203.0.113.9\n"
                               "workers.cores = 0 1023\n"
                               "media.video_codecs = AV1\n"
                               "dataplane.idle = poll"; /* no newline at the end */
    struct conf conf;
    char err[CONF_ERR_BYTES] = "";
    conf_defaults(&conf);
    assert_int_equal(read_text(&conf, text, sizeof(text) - 1, err), 0);
    assert_string_equal(err, "");
    assert_int_equal(conf.ws_port, 65535);
    assert_int_equal(conf.log_level, LOG_LEVEL_DEBUG);
    assert_int_equal(conf.history_packets, 1024);
    assert_string_equal(conf.run_dir, "/tmp/a b=c");
    assert_int_equal(conf.media_announce.n, 4);
    assert_string_equal(conf.media_announce.items[1], "2001:db8::1");
    assert_string_equal(conf.media_announce.items[3], "203.0.113.9");
    assert_int_equal(conf.workers_cores.n, 2);
    assert_int_equal(conf.media_video_codecs.n, 1); /* the first line replaces the default, it does not extend it */
    assert_int_equal(conf.dataplane_idle, CONF_IDLE_POLL);
    conf_finish(&conf);
}

static void errors_say_where_what_and_why(void **state)
{
    static const struct {
        const char *text, *err;
    } cases[] = {
        {"ws.port = 1\nws.prot = 2\n", "f:2: ws.prot: no such key"},
        {"ws.port = 1\n#\nws.port = 1\n", "f:3: ws.port: expected once, found again"},
        {"ws.port = 65536\n", "f:1: ws.port: expected a number 0..65535, found \"65536\""},
        {"ws.port = 99999999999999999999\n",
         "f:1: ws.port: expected a number 0..65535, found \"99999999999999999999\""},
        {"ws.port = -1\n", "f:1: ws.port: expected a number 0..65535, found \"-1\""},
        {"ws.port = 80 80\n", "f:1: ws.port: expected a number 0..65535, found \"80 80\""},
        {"ws.port = 0x50\n", "f:1: ws.port: expected a number 0..65535, found \"0x50\""},
        {"ws.port =\n", "f:1: ws.port: expected a number 0..65535, found \"\""},
        {"limit.rooms = 0\n", "f:1: limit.rooms: expected a number 1..1000000, found \"0\""},
        {"history.packets = 100\n", "f:1: history.packets: expected a power of two 16..65536, found \"100\""},
        {"log.level = Info\n", "f:1: log.level: expected one of error|warn|info|debug, found \"Info\""},
        {"log.level = inf\n", "f:1: log.level: expected one of error|warn|info|debug, found \"inf\""},
        {"dataplane.idle =\n", "f:1: dataplane.idle: expected one of sleep|poll, found \"\""},
        {"media.audio_codecs = opus G722\n",
         "f:1: media.audio_codecs: expected words out of opus|PCMU|PCMA, each once, found \"opus G722\""},
        {"media.audio_codecs = opus opus\n",
         "f:1: media.audio_codecs: expected words out of opus|PCMU|PCMA, each once, found \"opus opus\""},
        {"media.audio_codecs = PCMU\n  opus\n  PCMU\n",
         "f:3: media.audio_codecs: expected words out of opus|PCMU|PCMA, each once, found \"PCMU\""},
        {"workers.cores = 1 1024\n", "f:1: workers.cores: expected numbers 0..1023, found \"1 1024\""},
        {"media.announce = host.example\n",
         "f:1: media.announce: expected IPv4 or IPv6 addresses, found \"host.example\""},
        {"run_dir = a\x1b[2J\n", "f:1: run_dir: expected a path, found \"a\x1b[2J\""},
        {"run_dir = a;b\n", "f:1: run_dir: expected a path, found \"a;b\""},
        {"ws.port = 1\n  2\n", "f:2: ws.port: expected once, found an indented line"},
        {"ws.port\n", "f:1: expected key = value, found \"ws.port\""},
        {"ws.port: 80\n", "f:1: expected key = value, found \"ws.port: 80\""},
        {"[ws]\nport = 1\n", "f:1: expected key = value, found \"[ws]\""},
        {"[ws=]\nport = 1\n", "f:1: expected key = value, found \"[ws=]\""},
        {"= 1\n", "f:1: : no such key"},
        {"  ws.port\nnone = 1\n", "f:1: expected key = value"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct conf conf;
        char err[CONF_ERR_BYTES] = "";
        conf_defaults(&conf);
        assert_int_equal(read_text(&conf, cases[i].text, strlen(cases[i].text), err), -EINVAL);
        assert_string_equal(err, cases[i].err);
        conf_finish(&conf);
    }
}

static void long_lines_and_nul_bytes_are_refused(void **state)
{
    char text[400];
    struct conf conf;
    memset(text, 'x', sizeof(text));
    memcpy(text, "run_dir = ", 10);
    text[sizeof(text) - 1] = '\n';
    for (int nul = 0; nul < 2; nul++) {
        char err[CONF_ERR_BYTES] = "";
        text[20] = nul ? '\0' : 'x';
        conf_defaults(&conf);
        assert_int_equal(read_text(&conf, text, sizeof(text), err), -EINVAL);
        assert_ptr_equal(strstr(err, "f:1: expected lines of text of at most 198 bytes"), err);
        conf_finish(&conf);
    }
}

static void bad_value_leaves_the_old_one(void **state)
{
    static const char *const bad[][2] = {{"ws.port", "x"},         {"history.packets", "3"},    {"log.level", "x"},
                                         {"run_dir", "a\nb"},      {"media.announce", "::1 x"}, {"ws.port", "1 "},
                                         {"media.port", "0"},      {"dataplane.eal", "#x"},     {"nothing", "1"},
                                         {"srtp.profiles", "NONE"}};
    struct conf conf;
    char err[CONF_ERR_BYTES];
    conf_defaults(&conf);
    assert_int_equal(conf_set(&conf, "media.announce", "::1 192.0.2.1", err, sizeof(err)), 0);
    char *before = dump_text(&conf);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_int_equal(conf_set(&conf, bad[i][0], bad[i][1], err, sizeof(err)), -EINVAL);
    char *after = dump_text(&conf);
    assert_string_equal(before, after);
    free(before);
    free(after);
    conf_finish(&conf);
}

static void dump_is_read_back(void **state)
{
    struct conf conf, again;
    char err[CONF_ERR_BYTES] = "", words[2048] = "";
    for (int i = 0; i < 60; i++)
        snprintf(words + strlen(words), sizeof(words) - strlen(words), "--vdev=net_ring%d ", i);
    conf_defaults(&conf);
    conf_defaults(&again);
    assert_int_equal(conf_set(&conf, "dataplane.eal", words, err, sizeof(err)), 0);
    assert_int_equal(conf_set(&conf, "log.level", "error", err, sizeof(err)), 0);
    char *dump = dump_text(&conf);
    assert_int_equal(read_text(&again, dump, strlen(dump), err), 0);
    char *dump_again = dump_text(&again);
    assert_int_equal(again.dataplane_eal.n, 60);
    assert_string_equal(again.dataplane_eal.items[59], "--vdev=net_ring59");
    assert_string_equal(dump, dump_again);
    free(dump);
    free(dump_again);
    conf_finish(&conf);
    conf_finish(&again);
}

static void missing_file_is_named(void **state)
{
    struct conf conf;
    char err[CONF_ERR_BYTES];
    conf_defaults(&conf);
    assert_int_equal(conf_load(&conf, "/nowhere/at/all", err, sizeof(err)), -ENOENT);
    assert_string_equal(err, "/nowhere/at/all: No such file or directory");
    assert_int_equal(conf_load(&conf, "/", err, sizeof(err)), -EIO);
    conf_finish(&conf);
}

static void note_change(void *arg, const char *key, bool applied)
{
    char *log = arg;
    sprintf(log + strlen(log), "%s:%d ", key, applied);
}

static void reload_takes_over_what_it_may(void **state)
{
    struct conf conf, fresh;
    char err[CONF_ERR_BYTES], log[256] = "";
    conf_defaults(&conf);
    conf_defaults(&fresh);
    assert_int_equal(conf_set(&fresh, "ws.port", "1", err, sizeof(err)), 0);
    assert_int_equal(conf_set(&fresh, "limit.rooms", "7", err, sizeof(err)), 0);
    assert_int_equal(conf_set(&fresh, "origins", "https://a https://b", err, sizeof(err)), 0);
    conf_reload(&conf, &fresh, note_change, log);
    conf_finish(&fresh);
    assert_string_equal(log, "ws.port:0 origins:1 limit.rooms:1 ");
    assert_int_equal(conf.ws_port, 8080);
    assert_int_equal(conf.limit_rooms, 7);
    assert_string_equal(conf.origins.items[1], "https://b");
    conf_finish(&conf);
}

/* The words in keys.h are the names in media.h. */
static void codec_words_are_the_codecs(void **state)
{
    struct conf conf;
    char err[CONF_ERR_BYTES];
    conf_defaults(&conf);
#define X(id, name, kind, clock, channels)                                                                          \
    assert_int_equal(                                                                                               \
        conf_set(&conf, kind == MEDIA_AUDIO ? "media.audio_codecs" : "media.video_codecs", name, err, sizeof(err)), \
        0);
    CODEC_LIST(X)
#undef X
    conf_finish(&conf);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(shipped_file_is_the_defaults),
        cmocka_unit_test(shipped_file_loads),
        cmocka_unit_test(every_type_is_read),
        cmocka_unit_test(errors_say_where_what_and_why),
        cmocka_unit_test(long_lines_and_nul_bytes_are_refused),
        cmocka_unit_test(bad_value_leaves_the_old_one),
        cmocka_unit_test(dump_is_read_back),
        cmocka_unit_test(missing_file_is_named),
        cmocka_unit_test(reload_takes_over_what_it_may),
        cmocka_unit_test(codec_words_are_the_codecs),
    };
    shipped_path = argc > 1 ? argv[1] : "conf/roomline.conf";
    return cmocka_run_group_tests(tests, NULL, NULL);
}
