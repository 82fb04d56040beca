/* SPDX-License-Identifier: MIT */
/* Any bytes as a record of the control or the punt link: what passes has exactly the size of what it will be read as.
 */
#include <stdlib.h>
#include <string.h>

#include "common/dp_proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t struct_bytes(uint16_t type)
{
    switch (type) {
#define X(id, type) \
    case DP_##id:   \
        return sizeof(type);
        DP_MSG_LIST(X)
#undef X
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dp_head head;
    if (dp_msg_check(data, size) == 0) {
        memcpy(&head, data, sizeof(head));
        if (size != head.len || size != struct_bytes(head.type) || !*dp_msg_name((enum dp_msg)head.type))
            abort();
    }
    if (dp_punt_check(data, size) == 0 && (size <= offsetof(struct dp_punt, bytes) || size > sizeof(struct dp_punt)))
        abort();
    return 0;
}
