/* SPDX-License-Identifier: MIT */
/* Any bytes as a record of the recorder's link: what passes has exactly the size of what it will be read as, its texts
 * end within it and its file names are names of files. */
#include <stdlib.h>
#include <string.h>

#include "common/rec_proto.h"

union any {
    struct rec_head head;
#define X(id, type) type id;
    REC_MSG_LIST(X)
#undef X
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t struct_bytes(uint16_t type)
{
    switch (type) {
#define X(id, type) \
    case REC_##id:  \
        return sizeof(type);
        REC_MSG_LIST(X)
#undef X
    }
    return 0;
}

static void check_text(const char *text, size_t size)
{
    if (!memchr(text, '\0', size))
        abort();
}

static void check_file(const char *file)
{
    check_text(file, REC_FILE_BYTES);
    if (*file && (strchr(file, '/') || *file == '.' || *file == '-' || !rec_file_name_ok(file)))
        abort();
}

static void check_source(const struct rec_source *s)
{
    if (s->stream && (s->codec == CODEC_NONE || s->codec >= CODEC_COUNT || !s->clock_hz))
        abort();
}

static void check_take(const struct rec_take_put *m)
{
    check_text(m->login, sizeof(m->login));
    check_text(m->stream_name, sizeof(m->stream_name));
    check_text(m->media_session_id, sizeof(m->media_session_id));
    check_file(m->file);
    for (enum media_kind kind = 0; kind < MEDIA_KINDS; kind++)
        check_source(&m->sources[kind]);
}

static void check_state(const struct rec_state *m)
{
    check_text(m->stream_name, sizeof(m->stream_name));
    check_text(m->room, sizeof(m->room));
    check_text(m->error, sizeof(m->error));
    check_file(m->file);
    if (m->state >= REC_STATE_COUNT || !*rec_state_name((enum rec_state_id)m->state))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    union any m;

    if (rec_msg_check(data, size) != 0)
        return 0;
    memcpy(&m, data, size);
    if (size != m.head.len || size != struct_bytes(m.head.type) || !*rec_msg_name((enum rec_msg)m.head.type))
        abort();
    if (m.head.type == REC_TAKE_PUT)
        check_take(&m.TAKE_PUT);
    if (m.head.type == REC_STATE)
        check_state(&m.STATE);
    if (m.head.type == REC_TAKE_END)
        check_file(m.TAKE_END.file);
    if (m.head.type == REC_ROOM_PUT) {
        check_text(m.ROOM_PUT.name, sizeof(m.ROOM_PUT.name));
        check_file(m.ROOM_PUT.file);
    }
    return 0;
}
