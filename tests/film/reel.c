/* SPDX-License-Identifier: MIT */
/* reel: tap records gathered in memory, sorted by arrival. */
#include "tests/film/reel.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/rtp.h"

struct entry {
    int64_t rx_us;
    size_t at, order;
};

struct reel {
    uint8_t *bytes;
    size_t len, size;
    struct entry *entries;
    size_t n, entries_size;
    uint8_t *file;
};

static void *must(void *p)
{
    if (!p)
        abort();
    return p;
}

static void add(struct reel *r, enum tap_type type, uint64_t stream, int64_t sort_us, int64_t rx_us, int64_t index,
                const void *head, size_t head_bytes, const void *body, size_t body_bytes)
{
    uint32_t bytes = tap_record_bytes((uint32_t)(head_bytes + body_bytes));
    if (r->len + bytes > r->size) {
        r->size = 2 * (r->len + bytes);
        r->bytes = must(realloc(r->bytes, r->size));
    }
    if (r->n == r->entries_size) {
        r->entries_size = 2 * r->n + 64;
        r->entries = must(realloc(r->entries, r->entries_size * sizeof(*r->entries)));
    }
    r->entries[r->n] = (struct entry){sort_us, r->len, r->n};
    r->n++;
    uint8_t *to = r->bytes + r->len;
    struct tap_record record = {.bytes = bytes,
                                .body_bytes = (uint16_t)(head_bytes + body_bytes),
                                .type = (uint16_t)type,
                                .stream = stream,
                                .rx_us = rx_us,
                                .index = index};
    memset(to, 0, bytes);
    memcpy(to, &record, sizeof(record));
    memcpy(to + sizeof(record), head, head_bytes);
    if (body_bytes)
        memcpy(to + sizeof(record) + head_bytes, body, body_bytes);
    r->len += bytes;
}

static const char *text(const char *s)
{
    return s ? s : "";
}

static json_t *track(enum media_kind kind, enum codec codec)
{
    static const struct {
        const char *name;
        int clock, channels;
    } codecs[] = {
#define X(id, name, kind, clock, channels) [CODEC_##id] = {name, clock, channels},
        CODEC_LIST(X)
#undef X
    };
    char stream[17];
    snprintf(stream, sizeof(stream), "%016" PRIx64, kind == MEDIA_AUDIO ? REEL_AUDIO_STREAM : REEL_VIDEO_STREAM);
    return must(json_pack("{s:s, s:s, s:s, s:i, s:i, s:i}", "kind", kind == MEDIA_AUDIO ? "audio" : "video", "stream",
                          stream, "codec", codecs[codec].name, "clock", codecs[codec].clock, "channels",
                          codecs[codec].channels, "pt", kind == MEDIA_AUDIO ? REEL_AUDIO_PT : REEL_VIDEO_PT));
}

struct reel *reel_create(const struct reel_name *name, enum codec audio, enum codec video)
{
    struct reel *r = must(calloc(1, sizeof(*r)));
    char take[17], room_id[17];
    json_t *tracks = json_array();
    if (audio)
        json_array_append_new(tracks, track(MEDIA_AUDIO, audio));
    if (video)
        json_array_append_new(tracks, track(MEDIA_VIDEO, video));
    snprintf(take, sizeof(take), "%016" PRIx64, name->take);
    snprintf(room_id, sizeof(room_id), "%016" PRIx64, name->room_id);
    json_t *meta =
        must(json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:b, s:o}", "take", take, "room_id", room_id,
                       "room", text(name->room), "login", text(name->login), "stream", text(name->stream),
                       "mediaSessionId", text(name->media_session_id), "file", text(name->file), "own_file",
                       name->own_file, "whole", name->whole, "step", name->step, "tracks", tracks));
    char *dumped = must(json_dumps(meta, JSON_COMPACT));
    add(r, TAP_META, 0, INT64_MIN, 0, 0, dumped, strlen(dumped), NULL, 0);
    free(dumped);
    json_decref(meta);
    return r;
}

void reel_destroy(struct reel *r)
{
    free(r->bytes);
    free(r->entries);
    free(r->file);
    free(r);
}

void reel_clock(struct reel *r, int64_t monotonic_us, int64_t unix_us)
{
    struct tap_clock clock = {monotonic_us, unix_us};
    add(r, TAP_CLOCK, 0, r->n == 1 ? INT64_MIN : monotonic_us, monotonic_us, 0, &clock, sizeof(clock), NULL, 0);
}

void reel_rtp(struct reel *r, enum media_kind kind, int64_t rx_us, int64_t index, uint32_t ts, bool marker,
              const uint8_t *payload, size_t bytes)
{
    uint8_t head[RTP_HEADER_BYTES] = {0x80};
    bool audio = kind == MEDIA_AUDIO;
    head[1] = (uint8_t)((audio ? REEL_AUDIO_PT : REEL_VIDEO_PT) | (marker ? 0x80 : 0));
    put_be16(head + 2, (uint16_t)index);
    put_be32(head + 4, ts);
    put_be32(head + 8, audio ? REEL_AUDIO_SSRC : REEL_VIDEO_SSRC);
    add(r, TAP_RTP, audio ? REEL_AUDIO_STREAM : REEL_VIDEO_STREAM, rx_us, rx_us, index, head, sizeof(head), payload,
        bytes);
}

void reel_sr(struct reel *r, enum media_kind kind, int64_t rx_us, uint64_t ntp, uint32_t rtp_ts)
{
    struct tap_sr sr = {.ntp = ntp, .rtp_ts = rtp_ts};
    add(r, TAP_SR, kind == MEDIA_AUDIO ? REEL_AUDIO_STREAM : REEL_VIDEO_STREAM, rx_us, rx_us, 0, &sr, sizeof(sr), NULL,
        0);
}

void reel_lost(struct reel *r, int64_t rx_us, uint64_t records)
{
    struct tap_lost lost = {records};
    add(r, TAP_LOST, 0, rx_us, rx_us, 0, &lost, sizeof(lost), NULL, 0);
}

void reel_end(struct reel *r, const char *file, const char *why)
{
    json_t *end = must(json_pack("{s:s, s:s}", "file", text(file), "why", why));
    char *dumped = must(json_dumps(end, JSON_COMPACT));
    add(r, TAP_END, 0, INT64_MAX, 0, 0, dumped, strlen(dumped), NULL, 0);
    free(dumped);
    json_decref(end);
}

static int compare(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->rx_us != y->rx_us)
        return x->rx_us < y->rx_us ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

const uint8_t *reel_bytes(struct reel *r, size_t *len)
{
    size_t at = CAPTURE_MAGIC_BYTES;
    qsort(r->entries, r->n, sizeof(*r->entries), compare);
    free(r->file);
    r->file = must(malloc(r->len + CAPTURE_MAGIC_BYTES));
    memcpy(r->file, CAPTURE_MAGIC, CAPTURE_MAGIC_BYTES);
    for (size_t i = 0; i < r->n; i++) {
        const struct tap_record *record = (const struct tap_record *)(r->bytes + r->entries[i].at);
        memcpy(r->file + at, record, record->bytes);
        at += record->bytes;
    }
    *len = at;
    return r->file;
}

void reel_save(struct reel *r, const char *path)
{
    size_t len;
    const uint8_t *bytes = reel_bytes(r, &len);
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(bytes, 1, len, f) != len || fclose(f) != 0) {
        perror(path);
        exit(1);
    }
}
