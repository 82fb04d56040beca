/* SPDX-License-Identifier: MIT */
/* Any text is either refused with a reason, or makes a configuration that is within its limits. */
#include <stdlib.h>

#include "recorder/mix/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config c;
    char err[CONFIG_ERR_BYTES] = "";
    if (config_parse(&c, (const char *)data, size, err)) {
        check(err[0]);
        return 0;
    }
    check(c.has_video || c.has_audio);
    check(c.caption <= CONFIG_CAPTION_LOGIN && c.layout <= CONFIG_LAYOUT_SPEAKER);
    check(c.width >= 64 && c.width <= 4096 && c.width % 2 == 0);
    check(c.height >= 64 && c.height <= 4096 && c.height % 2 == 0);
    check(c.fps >= 1 && c.fps <= 60 && c.threads >= 1 && c.threads <= 64 && c.bitrate_kbps <= 100000);
    check(c.background <= 0xffffff && c.text <= 0xffffff && c.text_background <= 0xffffff);
    return 0;
}
