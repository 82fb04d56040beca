/* SPDX-License-Identifier: MIT */
/* The check of a control or punt record before anybody looks into it. */
#include "common/dp_proto.h"

#include <errno.h>
#include <string.h>

#include "common/util.h"

static const struct {
    const char *name;
    size_t bytes;
} msgs[DP_MSG_COUNT] = {[DP_MSG_NONE] = {"NONE", 0},
#define X(id, type) [DP_##id] = {#id, sizeof(type)},
                        DP_MSG_LIST(X)
#undef X
};

/* The length in the head is 16 bits. */
#define X(id, type) _Static_assert(sizeof(type) <= UINT16_MAX, #id);
DP_MSG_LIST(X)
#undef X
_Static_assert(sizeof(struct dp_punt) <= UINT16_MAX, "PUNT");

int dp_msg_check(const void *msg, size_t len)
{
    struct dp_head head;
    if (len < sizeof(head))
        return -EBADMSG;
    memcpy(&head, msg, sizeof(head));
    if (head.type == DP_MSG_NONE || head.type >= DP_MSG_COUNT)
        return -EBADMSG;
    return head.len == len && msgs[head.type].bytes == len ? 0 : -EBADMSG;
}

int dp_punt_check(const void *msg, size_t len)
{
    struct dp_head head;
    if (len <= offsetof(struct dp_punt, bytes) || len > sizeof(struct dp_punt))
        return -EBADMSG;
    memcpy(&head, msg, sizeof(head));
    return head.type == DP_MSG_NONE && head.len == len ? 0 : -EBADMSG;
}

const char *dp_msg_name(enum dp_msg type)
{
    return (size_t)type < ARRAY_SIZE(msgs) ? msgs[type].name : "?";
}
