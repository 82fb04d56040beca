/* SPDX-License-Identifier: MIT */
/* Names of recordings out of any template, login and stream name: lines of the input. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/record_name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = calloc(1, size + 1), *save = NULL, name[REC_FILE_BYTES];
    if (!text)
        abort();
    memcpy(text, data, size);
    const char *template = strtok_r(text, "\n", &save);
    struct record_facts facts = {
        .login = strtok_r(NULL, "\n", &save), .stream = strtok_r(NULL, "\n", &save), .start_unix_us = (int64_t)size};
    facts.end_unix_us = record_name_needs_end(template ? template : "") ? 1 : 0;
    for (unsigned n = 1; n <= 1000; n *= 10) {
        record_name_write(name, template ? template : "", &facts, ".webm", n);
        size_t len = strlen(name);
        if (!rec_file_name_ok(name) || len < 6 || strcmp(name + len - 5, ".webm") || strpbrk(name, "'\"$` \\"))
            abort();
    }
    free(text);
    return 0;
}
