/* SPDX-License-Identifier: MIT */
/* Any bytes as a side-car: its entry is one that pages can rely on. */
#include <stdlib.h>
#include <string.h>

#include "recorder/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *entry = manifest_parse_car("a.mp4", (const char *)data, size);
    if (!entry)
        return 0;
    json_t *cars = json_pack("[o]", entry);
    char *text = manifest_text(NULL, cars);
    json_t *again = json_loads(text, 0, NULL);
    if (!json_equal(cars, again))
        abort();
    json_decref(again);
    json_decref(cars);
    free(text);
    return 0;
}
