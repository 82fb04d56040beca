/* SPDX-License-Identifier: MIT */
/* report: one line of JSON. */
#include "recorder/report.h"

#include <jansson.h>
#include <string.h>

#include "recorder/folder.h"

#define AMOUNT_MAX (INT64_C(1) << 53)

static bool get_amount(const json_t *obj, const char *key, int64_t *out)
{
    double value = json_number_value(json_object_get(obj, key));
    if (!(value >= 0 && value <= (double)AMOUNT_MAX))
        return false;
    *out = (int64_t)value;
    return true;
}

static bool get_take(const json_t *obj, uint64_t *take)
{
    const json_t *value = json_object_get(obj, "take");
    const char *text = json_string_value(value);
    *take = 0;
    return !value || json_is_null(value) || (text && folder_parse_hex(text, strlen(text), take) == 0);
}

static bool get_file(const json_t *obj, struct report *r)
{
    const char *file = json_string_value(json_object_get(obj, "file"));
    int64_t bytes;
    if (!file || !rec_file_name_ok(file) || !get_take(obj, &r->take) || !get_amount(obj, "bytes", &bytes) ||
        !get_amount(obj, "duration_ms", &r->duration_ms) || !get_amount(obj, "start_unix_ms", &r->start_unix_ms))
        return false;
    strcpy(r->file, file);
    r->bytes = (uint64_t)bytes;
    return true;
}

void report_parse(struct report *r, const char *line, size_t len)
{
    json_t *obj = json_loadb(line, len, 0, NULL);
    int64_t progress;
    *r = (struct report){.kind = REPORT_NONE};
    if (json_is_number(json_object_get(obj, "progress"))) {
        if (get_amount(obj, "progress", &progress) && progress <= 1000) {
            r->kind = REPORT_PROGRESS;
            r->progress = (uint32_t)progress;
        }
    } else if (get_file(obj, r)) {
        r->kind = REPORT_FILE;
    }
    json_decref(obj);
}
