/* SPDX-License-Identifier: MIT */
/* Any bytes as a STUN message: pointers stay inside, and both checks may be run on whatever parses. */
#include <stdlib.h>

#include "common/stun.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
    if (!ok)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct stun_view v;
    struct stun_key key;
    uint8_t out[STUN_RESPONSE_MAX];
    if (stun_parse(&v, data, size))
        return 0;
    stun_key_init(&key, "VOkJxbRl1RmTxUk/WvJxBt", 22);
    stun_check_fingerprint(&v);
    stun_check_integrity(&v, &key);
    if (v.username)
        check((const uint8_t *)v.username + v.username_bytes <= data + size);
    int n = stun_write_error(out, sizeof(out), v.tid, STUN_UNKNOWN_ATTRIBUTE, v.unknown, v.n_unknown, &key);
    check(n > 0 && stun_parse(&v, out, (size_t)n) == 0 && stun_check_integrity(&v, &key));
    return 0;
}
