/* SPDX-License-Identifier: MIT */
/* rec_proto: what may be dispatched. */
#include "common/rec_proto.h"

#include <errno.h>
#include <string.h>

#include "common/utf8.h"
#include "common/util.h"

static const struct {
    const char *name;
    size_t bytes;
} msgs[REC_MSG_COUNT] = {[REC_MSG_NONE] = {"NONE", 0},
#define X(id, type) [REC_##id] = {#id, sizeof(type)},
                         REC_MSG_LIST(X)
#undef X
};

#define X(id, type) _Static_assert(sizeof(type) <= UINT16_MAX, #id);
REC_MSG_LIST(X)
#undef X

static bool ends(const char *text, size_t size)
{
    return memchr(text, '\0', size) != NULL;
}

static bool is_name(const char *file, bool wanted)
{
    return ends(file, REC_FILE_BYTES) && (*file || wanted ? rec_file_name_ok(file) : true);
}

static bool is_room(const struct rec_room_put *m)
{
    return ends(m->name, sizeof(m->name)) && is_name(m->file, m->flags & REC_WHOLE);
}

static bool is_source(const struct rec_source *s, enum media_kind kind)
{
    static const uint8_t kind_of[CODEC_COUNT] = {
#define X(id, name, kind, clock, channels) [CODEC_##id] = kind,
        CODEC_LIST(X)
#undef X
    };
    if (!s->stream)
        return true;
    return s->codec > CODEC_NONE && s->codec < CODEC_COUNT && kind_of[s->codec] == kind && s->clock_hz > 0 &&
           s->channels <= 2;
}

static bool is_take(const struct rec_take_put *m)
{
    return ends(m->login, sizeof(m->login)) && ends(m->stream_name, sizeof(m->stream_name)) &&
           ends(m->media_session_id, sizeof(m->media_session_id)) && is_name(m->file, m->flags & REC_FILE) &&
           is_source(&m->sources[MEDIA_AUDIO], MEDIA_AUDIO) && is_source(&m->sources[MEDIA_VIDEO], MEDIA_VIDEO);
}

static bool is_state(const struct rec_state *m)
{
    return m->of <= REC_OF_ROOM && m->state < REC_STATE_COUNT && ends(m->stream_name, sizeof(m->stream_name)) &&
           ends(m->room, sizeof(m->room)) && is_name(m->file, false) && ends(m->error, sizeof(m->error));
}

union any {
    struct rec_head head;
#define X(id, type) type id;
    REC_MSG_LIST(X)
#undef X
};

int rec_msg_check(const void *msg, size_t len)
{
    union any m;
    if (len < sizeof(m.head) || len > sizeof(m))
        return -EBADMSG;
    memcpy(&m, msg, len);
    if (m.head.type == REC_MSG_NONE || m.head.type >= REC_MSG_COUNT)
        return -EBADMSG;
    if (m.head.len != len || msgs[m.head.type].bytes != len)
        return -EBADMSG;
    bool ok = true;
    switch ((enum rec_msg)m.head.type) {
    case REC_ROOM_PUT:
        ok = is_room(&m.ROOM_PUT);
        break;
    case REC_TAKE_PUT:
        ok = is_take(&m.TAKE_PUT);
        break;
    case REC_TAKE_END:
        ok = is_name(m.TAKE_END.file, false);
        break;
    case REC_STATE:
        ok = is_state(&m.STATE);
        break;
    case REC_HELLO:
    case REC_ROOM_END:
    case REC_SYNC:
    case REC_KEYFRAME:
    case REC_MSG_NONE:
    case REC_MSG_COUNT:
        break;
    }
    return ok ? 0 : -EBADMSG;
}

const char *rec_msg_name(enum rec_msg type)
{
    return (size_t)type < ARRAY_SIZE(msgs) ? msgs[type].name : "?";
}

const char *rec_state_name(enum rec_state_id state)
{
    static const char *const names[REC_STATE_COUNT] = {
#define X(id, name) [REC_IS_##id] = name,
        REC_STATE_LIST(X)
#undef X
    };
    return (size_t)state < REC_STATE_COUNT ? names[state] : "?";
}

bool rec_file_name_ok(const char *name)
{
    size_t len = strlen(name);
    if (!len || len >= REC_FILE_BYTES || *name == '.' || *name == '-' || !utf8_valid((const uint8_t *)name, len))
        return false;
    for (const char *c = name; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f || *c == '/')
            return false;
    }
    return true;
}
