/* SPDX-License-Identifier: MIT */
/* http_range: any header text against a file of any size; the first byte of the input is its base-2 logarithm. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/http_range.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = calloc(1, size + 1);
    uint64_t bytes = size ? (UINT64_C(1) << (data[0] % 64)) - 1 : 0, first = 1, last = 0;
    if (!text)
        abort();
    if (size > 1)
        memcpy(text, data + 1, size - 1);
    if (http_range_parse(text, bytes, &first, &last) == HTTP_RANGE_PART && (first > last || last >= bytes))
        abort();
    if (http_range_is_known(text, text, "\"e\"", "d") && *text != '*' && !strstr(text, "\"e\""))
        abort();
    if (http_range_holds(text, "\"e\"", "d") && strlen(text) > 3)
        abort();
    free(text);
    return 0;
}
