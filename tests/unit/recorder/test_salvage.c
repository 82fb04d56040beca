/* SPDX-License-Identifier: MIT */
/* scan and salvage: a capture cut off at each of its bytes, and what else may lie in the folder. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "recorder/salvage.h"
#include "tests/unit/recorder/place.h"

static uint8_t whole[PLACE_CAPTURE_BYTES], after[PLACE_CAPTURE_BYTES + 4096];

/* The end of the last whole record within len bytes of the capture. */
static size_t whole_until(size_t len)
{
    size_t at = CAPTURE_MAGIC_BYTES;
    struct tap_record r;
    for (size_t next = at; next <= len; next += r.bytes) {
        at = next;
        memcpy(&r, whole + at, sizeof(r));
        if (!r.bytes)
            break;
    }
    return at;
}

static int file_of(const void *bytes, size_t len, const void *tail, size_t tail_len)
{
    int fd = memfd_create("capture", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), len);
    assert_int_equal(write(fd, tail, tail_len), tail_len);
    return fd;
}

/* What was whole stays, an END stands behind it, and nothing else. */
static void check_salvaged(int fd, size_t kept)
{
    struct scan s, again;
    assert_int_equal(salvage_file(fd, &s, NULL, 1), 0);
    ssize_t n = pread(fd, after, sizeof(after), 0);
    assert_true(n > (ssize_t)kept);
    assert_memory_equal(after, whole, kept);
    assert_int_equal(scan_file(fd, &again, NULL), 0);
    assert_true(again.end && !again.broken && again.meta);
    assert_int_equal(again.whole, n);
    assert_int_equal(salvage_file(fd, &again, NULL, 2), 0); /* once more: nothing changes */
    assert_int_equal(lseek(fd, 0, SEEK_END), n);
}

static void test_cut_anywhere(void **state)
{
    struct rec_room_put room = place_room(1);
    struct rec_take_put take = place_take(2, 1);
    struct scan s;
    size_t len = place_capture(whole, &take, &room, 12, false), first = whole_until(len);
    memset(whole + len, 0, sizeof(struct tap_record));
    for (size_t cut = 0; cut <= len; cut++) {
        int fd = file_of(whole, cut, "", 0);
        size_t kept = whole_until(cut);
        if (kept <= CAPTURE_MAGIC_BYTES)
            assert_int_equal(salvage_file(fd, &s, NULL, 1), -EBADMSG); /* no META: nothing in it */
        else
            check_salvaged(fd, kept);
        close(fd);
    }
    assert_int_equal(first, len);
}

static void test_tails(void **state)
{
    static const uint8_t zeros[5000];
    struct rec_room_put room = place_room(1);
    struct rec_take_put take = place_take(2, 1);
    size_t len = place_capture(whole, &take, &room, 30, false);
    uint8_t second_meta[4096];
    size_t meta_len = place_record(second_meta, 0, TAP_META, 0, "{}", 2);
    const struct {
        const void *bytes;
        size_t len;
    } tails[] = {{zeros, sizeof(zeros)}, {"\xff\xff\xff\xff\xff\xff\xff\xff", 8}, {second_meta, meta_len}, {whole, 40}};
    for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
        int fd = file_of(whole, len, tails[i].bytes, tails[i].len);
        check_salvaged(fd, len);
        close(fd);
    }
    len = place_capture(whole, &take, &room, 30, true);
    int fd = file_of(whole, len, "more", 4); /* behind an END */
    struct scan s;
    assert_int_equal(salvage_file(fd, &s, NULL, 1), 0);
    assert_int_equal(lseek(fd, 0, SEEK_END), len);
    assert_int_equal(s.records, 33);
    close(fd);
}

static void test_stop(void **state)
{
    struct rec_room_put room = place_room(1);
    struct rec_take_put take = place_take(2, 1);
    const atomic_bool stop = true;
    struct scan s;
    size_t len = place_capture(whole, &take, &room, 30, false);
    int fd = file_of(whole, len, "", 0);
    assert_int_equal(salvage_file(fd, &s, &stop, 1), -ECANCELED);
    assert_int_equal(lseek(fd, 0, SEEK_END), len);
    close(fd);
}

/* ---- Folders ---- */

struct found {
    int rooms, takes;
    enum told told;
    struct rec_room_put room;
    struct rec_take_put take;
};

static void on_room(void *arg, const struct rec_room_put *room)
{
    struct found *f = arg;
    f->rooms++;
    f->room = *room;
}

static void on_take(void *arg, const struct rec_take_put *take, enum told told)
{
    struct found *f = arg;
    assert_int_equal(take->room, f->room.id); /* its room came before */
    f->takes++;
    f->told = told;
    f->take = *take;
}

static void make(const char *folder, const char *name)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    assert_int_equal(mkdir(path, 0755), 0);
}

static void test_list(void **state)
{
    const char *dir = *state;
    static const char room_json[] =
        "{\"room_id\":\"0000000000000001\",\"room\":\"room\",\"file\":\"all.mkv\",\"whole\":true,\"step\":false}";
    char path[512], target[512];
    struct rec_room_put room = place_room(1);
    struct rec_take_put take = place_take(0xabc, 1);
    struct found f = {0};
    size_t len = place_capture(whole, &take, &room, 3, false);
    make(dir, ".captures");
    make(dir, ".captures/0000000000000001");
    make(dir, ".captures/0000000000000002");
    make(dir, ".captures/0000000000000004"); /* empty: deleted */
    make(dir, ".captures/erased-0000000000000005");
    make(dir, ".captures/failed");
    make(dir, ".captures/000000000000000G");
    place_write(dir, ".captures/0000000000000001/room.json", room_json, strlen(room_json));
    place_write(dir, ".captures/0000000000000001/0000000000000abc.cap", whole, len);
    place_write(dir, ".captures/0000000000000001/0000000000000abd.cap", whole, 100); /* no META: deleted */
    place_write(dir, ".captures/0000000000000001/0000000000000abe.cap", whole, len); /* another's */
    place_write(dir, ".captures/0000000000000002/0000000000000abc.cap", whole, len); /* of another room */
    place_write(dir, ".captures/0000000000000001/0000000000000abc.txt", whole, len); /* ours not */
    place_write(dir, ".captures/0000000000000001/0000000000000abc.told", "failed\n", 7);
    place_write(dir, ".captures/0000000000000004/room.json", "{}", 2);
    place_write(dir, ".captures/erased-0000000000000005/0000000000000abc.cap", whole, len);
    place_write(dir, ".captures/failed/0000000000000abc.cap", whole, len);
    snprintf(path, sizeof(path), "%s/.captures/0000000000000003", dir);
    snprintf(target, sizeof(target), "%s/.captures/0000000000000001", dir);
    assert_int_equal(symlink(target, path), 0);
    assert_int_equal(salvage_list(dir, on_room, on_take, &f), 0);
    assert_int_equal(f.rooms, 1);
    assert_int_equal(f.takes, 1);
    assert_string_equal(f.room.file, "all.mkv");
    assert_memory_equal(&f.take, &take, sizeof(take));
    assert_int_equal(f.told, TOLD_FAILED);
    assert_int_equal(place_read(dir, ".captures/0000000000000004/room.json", after, sizeof(after)), 0);
    assert_int_equal(place_read(dir, ".captures/erased-0000000000000005/0000000000000abc.cap", after, sizeof(after)),
                     0);
    assert_int_equal(place_read(dir, ".captures/failed/0000000000000abc.cap", after, sizeof(after)), len);
    assert_int_equal(place_read(dir, ".captures/0000000000000002/0000000000000abc.cap", after, sizeof(after)), len);
    assert_int_equal(place_read(dir, ".captures/0000000000000001/0000000000000abd.cap", after, sizeof(after)), 0);
    assert_int_equal(place_read(dir, ".captures/0000000000000001/0000000000000abe.cap", after, sizeof(after)), len);
}

/* Without room.json the room is as its takes say. */
static void test_list_without_room(void **state)
{
    const char *dir = *state;
    struct rec_room_put room = place_room(1);
    struct rec_take_put take = place_take(0xabc, 1);
    struct found f = {0};
    size_t len = place_capture(whole, &take, &room, 3, false);
    make(dir, ".captures");
    make(dir, ".captures/0000000000000001");
    place_write(dir, ".captures/0000000000000001/0000000000000abc.cap", whole, len);
    assert_int_equal(salvage_list(dir, on_room, on_take, &f), 0);
    assert_int_equal(f.rooms, 1);
    assert_int_equal(f.takes, 1);
    assert_string_equal(f.room.name, "room");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_tails),
        cmocka_unit_test(test_stop),
        cmocka_unit_test_setup_teardown(test_list, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(test_list_without_room, place_setup, place_teardown),
    };
    return cmocka_run_group_tests_name("recorder salvage", tests, NULL, NULL);
}
