/* SPDX-License-Identifier: MIT */
/* Any bytes from a finisher: lines, and what is read out of them. */
#include <stdlib.h>

#include "common/util.h"
#include "recorder/lines.h"
#include "recorder/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_line(void *arg, const char *line, size_t len)
{
    struct report r;
    if (!len || len > LINES_BYTES_MAX)
        abort();
    report_parse(&r, line, len);
    if (r.progress > 1000 || (r.kind == REPORT_FILE && !rec_file_name_ok(r.file)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lines *l = calloc(1, sizeof(*l));
    for (size_t at = 0; at < size; at += 100)
        lines_feed(l, (const char *)data + at, MIN(100, size - at), on_line, NULL);
    lines_end(l, on_line, NULL);
    free(l);
    return 0;
}
