/* SPDX-License-Identifier: MIT */
/* place: folders and captures. */
#include "tests/unit/recorder/place.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "recorder/label.h"

int place_setup(void **state)
{
    char *folder = strdup("/tmp/roomline-XXXXXX");
    *state = folder;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    return remove(path);
}

int place_teardown(void **state)
{
    nftw(*state, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(*state);
    return 0;
}

void place_write(const char *folder, const char *name, const void *bytes, size_t len)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    fclose(f);
}

size_t place_read(const char *folder, const char *name, uint8_t *bytes, size_t size)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *f = fopen(path, "re");
    if (!f)
        return 0;
    size_t n = fread(bytes, 1, size, f);
    fclose(f);
    return n;
}

struct rec_room_put place_room(uint64_t id)
{
    struct rec_room_put m = {.head = {.type = REC_ROOM_PUT, .len = sizeof(m)}, .id = id, .flags = REC_WHOLE};
    strcpy(m.name, "room");
    strcpy(m.file, "room.mkv");
    return m;
}

struct rec_take_put place_take(uint64_t id, uint64_t room)
{
    struct rec_take_put m = {
        .head = {.type = REC_TAKE_PUT, .len = sizeof(m)}, .id = id, .room = room, .flags = REC_FILE};
    m.sources[MEDIA_AUDIO] =
        (struct rec_source){.stream = id << 8 | 1, .clock_hz = 48000, .codec = CODEC_OPUS, .pt = 111, .channels = 2};
    m.sources[MEDIA_VIDEO] =
        (struct rec_source){.stream = id << 8 | 2, .clock_hz = 90000, .codec = CODEC_H264, .pt = 102};
    strcpy(m.login, "ann");
    strcpy(m.stream_name, "ann-camera");
    strcpy(m.media_session_id, "0123-4567");
    strcpy(m.file, "ann.mp4");
    return m;
}

size_t place_record(uint8_t *bytes, size_t at, enum tap_type type, uint64_t stream, const void *body, size_t body_bytes)
{
    struct tap_record r = {.bytes = tap_record_bytes((uint32_t)body_bytes),
                           .body_bytes = (uint16_t)body_bytes,
                           .type = type,
                           .stream = stream,
                           .rx_us = 1000 + (int64_t)at,
                           .index = (int64_t)at};
    memset(bytes + at, 0, r.bytes);
    memcpy(bytes + at, &r, sizeof(r));
    if (body)
        memcpy(bytes + at + sizeof(r), body, body_bytes);
    return at + r.bytes;
}

size_t place_capture(uint8_t *bytes, const struct rec_take_put *take, const struct rec_room_put *room, int n_rtp,
                     bool closed)
{
    char *meta = label_meta(take, room), *end = label_end("", "ended");
    size_t at = CAPTURE_MAGIC_BYTES;
    memcpy(bytes, CAPTURE_MAGIC, CAPTURE_MAGIC_BYTES);
    at = place_record(bytes, at, TAP_META, 0, meta, strlen(meta));
    at = place_record(bytes, at, TAP_CLOCK, 0, NULL, sizeof(struct tap_clock));
    for (int i = 0; i < n_rtp; i++)
        at = place_record(bytes, at, TAP_RTP, take->sources[i % MEDIA_KINDS].stream, NULL, 12 + (size_t)i * 37 % 300);
    if (closed)
        at = place_record(bytes, at, TAP_END, 0, end, strlen(end));
    free(meta);
    free(end);
    assert_true(at <= PLACE_CAPTURE_BYTES);
    return at;
}
