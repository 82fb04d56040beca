/* SPDX-License-Identifier: MIT */
/* The link between controlplane (client) and recorder (server): AF_UNIX SOCK_SEQPACKET, one message per record, fixed C
 * structs in host order, exact length check before dispatch.
 *
 *   take  what one published stream sent, from its publish to its end: sound, picture or both. Its capture file grows
 *         while it lives; what becomes of it then is said by its flags.
 *   room  what holds the takes that have one timeline, and perhaps becomes a recording of its own when it ends.
 *
 * Control -> recorder: after HELLO a snapshot, that is every live room and take as a PUT, then SYNC. A take or room
 * that the recorder holds and that was not in the snapshot has ended. Then every change as it comes. A PUT may be
 * repeated and is taken as no change. When the socket is full the controlplane closes it and begins anew: nobody waits,
 * and memory is bounded by the number of takes.
 *
 * Recorder -> control: what became of each, at least once: after a new HELLO what was not yet told is told again. */
#ifndef ROOMLINE_COMMON_REC_PROTO_H
#define ROOMLINE_COMMON_REC_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/media.h"

#define REC_SOCKET        "recorder.ctl" /* in conf run_dir */
#define REC_PROTO_VERSION 1
#define REC_NAME_BYTES \
    1024 /* names of rooms, people and streams: UTF-8 and NUL, longer ones are cut between characters */
#define REC_ID_BYTES    132 /* mediaSessionId */
#define REC_FILE_BYTES  251 /* file names and NUL: with ".part" or ".json" behind it 255 bytes, as file systems take */
#define REC_ERROR_BYTES 256

#define REC_MSG_LIST(X)              \
    X(HELLO, struct rec_hello)       \
    X(ROOM_PUT, struct rec_room_put) \
    X(ROOM_END, struct rec_room_end) \
    X(TAKE_PUT, struct rec_take_put) \
    X(TAKE_END, struct rec_take_end) \
    X(SYNC, struct rec_sync)         \
    X(STATE, struct rec_state)       \
    X(KEYFRAME, struct rec_keyframe)

enum rec_msg {
    REC_MSG_NONE,
#define X(id, type) REC_##id,
    REC_MSG_LIST(X)
#undef X
        REC_MSG_COUNT
};

struct rec_head {
    uint16_t type; /* enum rec_msg */
    uint16_t len;  /* the whole record in bytes, equal to sizeof of the type's struct */
};

/* First record in both directions; the recorder speaks first. A version that differs closes the link. */
struct rec_hello {
    struct rec_head head;
    uint32_t version;
    uint64_t boot_id; /* recorder -> control: new at each start of the recorder */
};

enum rec_flag {
    REC_FILE = 1 << 0,  /* take: becomes a file of its own when it ends */
    REC_WHOLE = 1 << 1, /* room: all its takes become one file when it ends */
    REC_STEP = 1 << 2,  /* room: its takes' own files are made anew when it ends, of equal length and in step */
};

/* Ids as in dp_proto.h: epoch << 32 | counter, never reused. */
struct rec_room_put {
    struct rec_head head;
    uint32_t flags; /* enum rec_flag */
    uint64_t id;
    char name[REC_NAME_BYTES];
    char file[REC_FILE_BYTES]; /* WHOLE: of the recording; else "" */
};

struct rec_room_end {
    struct rec_head head;
    uint32_t pad;
    uint64_t id;
};

struct rec_source {  /* an RTP stream */
    uint64_t stream; /* dp_stream_put.id; 0: the take has none of this kind */
    uint32_t clock_hz;
    uint8_t codec; /* enum codec */
    uint8_t pt;
    uint8_t channels; /* sound; else 0 */
    uint8_t pad;
};

struct rec_take_put {
    struct rec_head head;
    uint32_t flags; /* enum rec_flag */
    uint64_t id;
    uint64_t room; /* rec_room_put.id, put before */
    struct rec_source sources[MEDIA_KINDS];
    char login[REC_NAME_BYTES];
    char stream_name[REC_NAME_BYTES];
    char media_session_id[REC_ID_BYTES];
    char file[REC_FILE_BYTES]; /* FILE: for the case that no TAKE_END says a better one; else "" */
};

struct rec_take_end {
    struct rec_head head;
    uint32_t pad;
    uint64_t id;
    char file[REC_FILE_BYTES]; /* "": as in the PUT */
};

struct rec_sync {
    struct rec_head head;
};

enum rec_state_of { REC_OF_TAKE, REC_OF_ROOM };

#define REC_STATE_LIST(X)                                           \
    X(RECORDING, "recording") /* capturing: bytes written so far */ \
    X(FINISHING, "finishing") /* ended, file being made */          \
    X(READY, "ready")         /* file is there under its name */    \
    X(FAILED, "failed")       /* there will be no file, or only of a part: why in error */

enum rec_state_id {
#define X(id, name) REC_IS_##id,
    REC_STATE_LIST(X)
#undef X
        REC_STATE_COUNT
};

struct rec_state {
    struct rec_head head;
    uint8_t of;    /* enum rec_state_of */
    uint8_t state; /* enum rec_state_id */
    uint16_t pad;
    uint64_t id;
    uint64_t bytes;
    int64_t start_unix_us;
    int64_t duration_us;              /* READY */
    char stream_name[REC_NAME_BYTES]; /* TAKE */
    char room[REC_NAME_BYTES];
    char file[REC_FILE_BYTES]; /* "": none of its own */
    char error[REC_ERROR_BYTES];
};

/* A key frame is wanted of this RTP stream: the recording starts, a gap was seen, or the last one is long ago. */
struct rec_keyframe {
    struct rec_head head;
    uint32_t pad;
    uint64_t stream;
};

/* One record as it came: 0, or -EBADMSG when its type is unknown or its length not that of the type's struct, or when a
 * text in it has no end or a file name in it is none. msg may be unaligned. */
int rec_msg_check(const void *msg, size_t len);

const char *rec_msg_name(enum rec_msg type); /* "TAKE_PUT"; "?" for what is none */
const char *rec_state_name(enum rec_state_id state);

/* May this be the name of a file in the records folder? One path component of 1 to REC_FILE_BYTES - 1 bytes, valid
 * UTF-8 without control characters, that starts with neither '.' nor '-'. */
bool rec_file_name_ok(const char *name);

#endif
