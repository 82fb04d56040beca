/* SPDX-License-Identifier: MIT */
/* Names and texts of the drop reasons. */
#include "dataplane/drop.h"

#include <assert.h>

static const struct {
    const char *name, *text;
} drops[DROP_COUNT] = {
#define X(id, text) {#id, text},
    DROP_LIST(X)
#undef X
};

const char *drop_name(enum drop d)
{
    assert(d < DROP_COUNT);
    return drops[d].name;
}

const char *drop_text(enum drop d)
{
    assert(d < DROP_COUNT);
    return drops[d].text;
}
