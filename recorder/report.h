/* SPDX-License-Identifier: MIT */
/* What a finisher says on its standard output: lines of JSON, {"progress": 0..1000}, and at its end for each file
 * {"file": s, "take": hex or absent, "bytes": n, "duration_ms": n, "start_unix_ms": n}. */
#ifndef ROOMLINE_RECORDER_REPORT_H
#define ROOMLINE_RECORDER_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include "common/rec_proto.h"

enum report_kind { REPORT_NONE, REPORT_PROGRESS, REPORT_FILE };

struct report {
    enum report_kind kind;
    uint32_t progress; /* PROGRESS: 0..1000 */
    /* FILE */
    char file[REC_FILE_BYTES];
    uint64_t take; /* 0: it is not of one take */
    uint64_t bytes;
    int64_t duration_ms, start_unix_ms;
};

/* Total. kind is REPORT_NONE where it is neither, or holds a name or number that cannot be. */
void report_parse(struct report *r, const char *line, size_t len);

#endif
