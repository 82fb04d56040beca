/* SPDX-License-Identifier: MIT */
/* How much of a capture file is whole: it may have been cut off anywhere, or end in the zeros of a lost block. Total on
 * any bytes. */
#ifndef ROOMLINE_RECORDER_SCAN_H
#define ROOMLINE_RECORDER_SCAN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/capture.h"

#define SCAN_RECORD_BYTES_MAX (sizeof(struct tap_record) + CAPTURE_TEXT_MAX)

struct scan {       /* zeroed: nothing seen yet */
    uint64_t whole; /* bytes from the start of the file to the end of the last whole record */
    uint64_t records;
    bool meta;                 /* it begins as a capture does */
    bool end;                  /* it was closed; what stands behind is not looked at */
    bool broken;               /* what follows is no record */
    int64_t first_us, last_us; /* of records that came from the dataplane; 0: none */
};

/* Takes in what follows scan.whole. Returns the bytes of whole records in it; less than len: the rest is to be brought
 * again with more behind it, unless end or broken is set. */
size_t scan_feed(struct scan *s, const uint8_t *bytes, size_t len);

/* The whole file. 0 or -errno of reading; -ECANCELED: *stop (or NULL) was set meanwhile. */
int scan_file(int fd, struct scan *s, const atomic_bool *stop);

/* The text of META, which ends in NUL: its length, or -errno; -EBADMSG: it does not begin as a capture does. size: at
 * least CAPTURE_TEXT_MAX + 1. */
int64_t scan_meta(int fd, char *text, size_t size);

#endif
