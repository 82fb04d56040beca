/* SPDX-License-Identifier: MIT */
/* record_news: who hears of a recording's state. */
#include "controlplane/record_news.h"

#include <inttypes.h>
#include <jansson.h>

#include "common/log.h"
#include "controlplane/hub.h"
#include "controlplane/room.h"

static void log_state(const struct rec_state *s)
{
    const char *of = s->of == REC_OF_ROOM ? "room" : "stream", *state = rec_state_name((enum rec_state_id)s->state);
    if (s->state == REC_IS_FAILED)
        LOG_EVENT(WARN, REC, "recording state=%s of=%s name=%s room=%s file=%s error=%s", state, of, s->stream_name,
                  s->room, s->file, s->error);
    else
        LOG_EVENT(INFO, REC, "recording state=%s of=%s name=%s room=%s file=%s bytes=%" PRIu64 " duration_ms=%" PRId64,
                  state, of, s->stream_name, s->room, s->file, s->bytes, s->duration_us / MS_US);
}

static void tell_room(struct hub *hub, const struct rec_state *s)
{
    struct room *r;
    HASH_FIND_STR(hub->rooms, s->room, r);
    if (r)
        room_tell_all(r, "RECORDED",
                      json_pack("{s:s, s:o*, s:s, s:I, s:I}", "file", s->file, "stream", json_string(s->stream_name),
                                "state", rec_state_name((enum rec_state_id)s->state), "bytes", (json_int_t)s->bytes,
                                "duration_ms", (json_int_t)(s->duration_us / MS_US)));
}

void record_news_serve(struct hub *hub, const struct rec_state *s)
{
    if (!records_note(&hub->records, s))
        return;
    log_state(s);
    bool over = s->state == REC_IS_READY || s->state == REC_IS_FAILED;
    if (over && s->of == REC_OF_TAKE && *s->file)
        tell_room(hub, s);
}
