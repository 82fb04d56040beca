/* SPDX-License-Identifier: MIT */
/* scene: a take from its first picture to its last, then its sound; the reel puts both in order of arrival. */
#include "tests/film/scene.h"

#include <math.h>
#include <stdlib.h>

#include "common/util.h"
#include "tests/film/encode.h"
#include "tests/film/packetize.h"
#include "tests/film/slate.h"

#define SOUND_US         20000
#define SOUND_MAX        960 /* samples in a packet */
#define KEY_AFTER_US     200000
#define SILENCE_US       200000
#define SILENCE_EVERY_US 400000

struct shooting {
    struct scene_take take;
    struct wire wire;
    struct scene_sent sent;
    /* The packet that is being sent: */
    enum media_kind kind;
    int64_t at_us, ticks;
    bool hurt;
};

static bool within(const struct scene_span *span, int64_t at_us)
{
    return at_us >= span->from_us && at_us < span->to_us;
}

static bool is_silent(const struct scene_take *take, enum media_kind kind, int64_t at_us)
{
    return within(&take->pause, at_us) ||
           (within(&take->mute, at_us) && (kind == MEDIA_AUDIO || !take->mute_sound_only));
}

/* Whatever becomes of the timestamps between these two times. */
static void shift(struct shooting *s, enum media_kind kind, int64_t from_us, int64_t to_us)
{
    const struct scene_take *take = &s->take;
    struct wire *w = &s->wire;
    int64_t paused_us = take->pause.to_us - take->pause.from_us;
    if (paused_us && from_us < take->pause.to_us && to_us >= take->pause.to_us)
        wire_shift(w, kind, -wire_ticks(w, kind, (double)paused_us));
    if (take->restart_us && from_us < take->restart_us && to_us >= take->restart_us)
        wire_shift(w, kind, (int64_t)(uint32_t)rng_next(&w->rng));
}

static void send_packet(void *arg, const uint8_t *payload, size_t bytes, bool last)
{
    struct shooting *s = arg;
    s->hurt |= !wire_send(&s->wire, s->kind, s->at_us, s->ticks, last, payload, bytes);
}

static struct encode *encoder_at(const struct scene_take *take, int64_t at_us)
{
    bool resized = take->resize_us && at_us >= take->resize_us;
    return encode_video(take->video, resized ? take->resize_width : take->width,
                        resized ? take->resize_height : take->height, take->fps, take->kbps, take->grain);
}

static void shoot_video(struct shooting *s)
{
    const struct scene_take *take = &s->take;
    int64_t key_us = take->span.from_us, before_us = INT64_MIN;
    uint16_t picture_id = 0x7ff0; /* wraps soon */
    bool sets = true;
    struct encode *encode = encoder_at(take, take->span.from_us);
    s->kind = MEDIA_VIDEO;
    for (int64_t n = (take->span.from_us * take->fps + 999999) / 1000000;; n++) {
        int64_t at_us = n * 1000000 / take->fps;
        if (at_us >= take->span.to_us)
            break;
        if (is_silent(take, MEDIA_VIDEO, at_us))
            continue;
        shift(s, MEDIA_VIDEO, before_us, at_us);
        if (take->resize_us && before_us < take->resize_us && at_us >= take->resize_us) {
            encode_destroy(encode);
            encode = encoder_at(take, at_us);
            sets = true;
        }
        if (take->restart_us && before_us < take->restart_us && at_us >= take->restart_us)
            key_us = at_us;
        before_us = at_us;

        size_t bytes;
        bool is_key;
        const uint8_t *data = encode_picture(encode, (uint32_t)n, at_us >= key_us, &bytes, &is_key);
        if (is_key)
            key_us = at_us + take->key_every_us;
        s->at_us = at_us + take->encode_us;
        s->ticks = wire_ticks(&s->wire, MEDIA_VIDEO, (double)at_us);
        s->hurt = false;
        if (take->video == CODEC_VP8)
            packetize_vp8(data, bytes, picture_id++, send_packet, s);
        else
            packetize_h264(data, bytes, sets || !take->sets_once, send_packet, s);
        sets &= !is_key;
        s->sent.first_number = s->sent.pictures++ ? s->sent.first_number : (uint32_t)n;
        s->sent.last_number = (uint32_t)n;
        s->sent.pictures_hurt += s->hurt;
        if (s->hurt)
            key_us = MIN(key_us, at_us + KEY_AFTER_US);
    }
    encode_destroy(encode);
}

static void shoot_audio(struct shooting *s)
{
    const struct scene_take *take = &s->take;
    uint32_t hz = s->wire.clock_hz[MEDIA_AUDIO];
    int samples = (int)(hz * SOUND_US / 1000000);
    int64_t before_us = INT64_MIN, loud_us = take->span.from_us, sent_us = INT64_MIN;
    struct encode *encode = encode_audio(take->audio, samples);
    s->kind = MEDIA_AUDIO;
    for (int64_t ticks = wire_ticks(&s->wire, MEDIA_AUDIO, (double)take->span.from_us);; ticks += samples) {
        int64_t at_us = (int64_t)wire_us(&s->wire, MEDIA_AUDIO, ticks);
        float sound[SOUND_MAX];
        size_t bytes;
        if (at_us + SOUND_US > take->span.to_us)
            break;
        if (is_silent(take, MEDIA_AUDIO, at_us))
            continue;
        for (int i = 0; i < samples; i++) {
            sound[i] = slate_sound(wire_us(&s->wire, MEDIA_AUDIO, ticks + i));
            if (sound[i] != 0)
                loud_us = at_us;
        }
        const uint8_t *data = encode_sound(encode, sound, &bytes);
        if (take->dtx && at_us - loud_us > SILENCE_US && at_us - sent_us < SILENCE_EVERY_US)
            continue;
        shift(s, MEDIA_AUDIO, before_us, at_us);
        before_us = sent_us = at_us;
        s->at_us = at_us + SOUND_US;
        s->ticks = ticks;
        send_packet(s, data, bytes, false);
    }
    encode_destroy(encode);
}

static void fill_in(struct scene_take *take)
{
    take->width = take->width ? take->width : 320;
    take->height = take->height ? take->height : 240;
    take->fps = take->fps ? take->fps : 25;
    take->kbps = take->kbps ? take->kbps : 300;
    take->key_every_us = take->key_every_us ? take->key_every_us : 4000000;
}

struct reel *scene_reel(const struct scene_take *take, struct scene_sent *sent)
{
    struct reel *reel = reel_create(&take->name, take->audio, take->video);
    struct shooting s = {.take = *take};
    fill_in(&s.take);
    wire_init(&s.wire, &take->wire, reel, take->audio, take->video);
    for (int64_t at_us = take->span.from_us; at_us < take->span.to_us; at_us += CAPTURE_CLOCK_US)
        reel_clock(reel, WIRE_EPOCH_US + at_us, WIRE_UNIX_US + at_us);
    if (take->video)
        shoot_video(&s);
    if (take->audio)
        shoot_audio(&s);
    if (take->why)
        reel_end(reel, NULL, take->why);
    for (int kind = 0; kind < MEDIA_KINDS; kind++)
        s.sent.wire[kind] = s.wire.sent[kind];
    if (sent)
        *sent = s.sent;
    return reel;
}

void scene_shoot(const struct scene_take *take, const char *path, struct scene_sent *sent)
{
    struct reel *reel = scene_reel(take, sent);
    reel_save(reel, path);
    reel_destroy(reel);
}
