/* SPDX-License-Identifier: MIT */
/* label: what is written is read back as it was, and nothing else is read. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/util.h"
#include "recorder/label.h"
#include "tests/unit/recorder/place.h"

static void check_round(const struct rec_take_put *take, const struct rec_room_put *room)
{
    struct rec_take_put t;
    struct rec_room_put r;
    char *meta = label_meta(take, room), *file = label_room(room);
    assert_true(strlen(meta) <= CAPTURE_TEXT_MAX);
    assert_int_equal(label_parse_meta(meta, strlen(meta), &t, &r), 0);
    assert_memory_equal(&t, take, sizeof(t));
    assert_int_equal(r.flags, room->flags);
    assert_string_equal(r.name, room->name);
    assert_int_equal(label_parse_room(file, strlen(file), &r), 0);
    assert_memory_equal(&r, room, sizeof(r));
    free(meta);
    free(file);
}

static void test_round(void **state)
{
    struct rec_room_put room = place_room(UINT64_MAX);
    struct rec_take_put take = place_take(0x123456789abcdef0, UINT64_MAX);
    check_round(&take, &room);
    take.sources[MEDIA_AUDIO] = (struct rec_source){0};
    take.flags = 0;
    memset(take.file, 0, sizeof(take.file));
    room.flags = REC_WHOLE | REC_STEP;
    strcpy(room.name, "../../etc \"\\\n\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82 \xf0\x9f\x99\x82");
    check_round(&take, &room);
    memset(take.login, 1, sizeof(take.login) - 1); /* each becomes \u0001 */
    memset(take.stream_name, 1, sizeof(take.stream_name) - 1);
    memset(room.name, 1, sizeof(room.name) - 1);
    check_round(&take, &room);
}

static void test_no_utf8(void **state)
{
    struct rec_room_put room = place_room(1), r;
    struct rec_take_put take = place_take(2, 1), t;
    strcpy(take.login, "\xff\xfe");
    char *meta = label_meta(&take, &room);
    assert_int_equal(label_parse_meta(meta, strlen(meta), &t, &r), 0);
    assert_string_equal(t.login, "");
    free(meta);
}

#define START                                                                                                          \
    "{\"take\":\"0000000000000001\",\"room_id\":\"0000000000000002\",\"room\":\"r\",\"login\":\"l\",\"stream\":\"s\"," \
    "\"mediaSessionId\":\"m\",\"own_file\":true,"
#define TRACK(kind, codec)                                                      \
    "{\"kind\":\"" kind "\",\"stream\":\"0000000000000003\",\"codec\":\"" codec \
    "\",\"clock\":90000,\"channels\":0,\"pt\":96}"

static const struct {
    const char *text;
    bool good;
} metas[] = {
    {START "\"file\":\"a.mp4\",\"tracks\":[" TRACK("video", "H264") "]}", true},
    {START "\"file\":\"a.mp4\",\"tracks\":[]}", true},
    {START "\"file\":\"\",\"tracks\":[]}", false}, /* a file of its own without a name */
    {START "\"file\":\"../a\",\"tracks\":[]}", false},
    {START "\"file\":\"a/b\",\"tracks\":[]}", false},
    {START "\"file\":\".a\",\"tracks\":[]}", false},
    {START "\"file\":7,\"tracks\":[]}", false},
    {START "\"file\":\"a.mp4\"}", false},
    {START "\"file\":\"a.mp4\",\"tracks\":{}}", false},
    {START "\"file\":\"a.mp4\",\"tracks\":[" TRACK("video", "H264") "," TRACK("video", "H264") "]}", false},
    {START "\"file\":\"a.mp4\",\"tracks\":[" TRACK("audio", "H264") "]}", false},
    {START "\"file\":\"a.mp4\",\"tracks\":[" TRACK("video", "h265") "]}", false},
    {START "\"file\":\"a.mp4\",\"tracks\":[" TRACK("smell", "H264") "]}", false},
    {START "\"file\":\"a.mp4\",\"tracks\":[7]}", false},
    {"{\"take\":\"0000000000000001\"}", false},
    {"[]", false},
    {"", false},
    {"null", false},
};

static void test_metas(void **state)
{
    struct rec_take_put take;
    struct rec_room_put room;
    for (size_t i = 0; i < ARRAY_SIZE(metas); i++) {
        int err = label_parse_meta(metas[i].text, strlen(metas[i].text), &take, &room);
        if (err != (metas[i].good ? 0 : -EBADMSG))
            print_error("%s\n", metas[i].text);
        assert_int_equal(err, metas[i].good ? 0 : -EBADMSG);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round),
        cmocka_unit_test(test_no_utf8),
        cmocka_unit_test(test_metas),
    };
    return cmocka_run_group_tests_name("recorder label", tests, NULL, NULL);
}
