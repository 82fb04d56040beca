/* SPDX-License-Identifier: MIT */
/* Any file is either refused with a text, or read; and what was read is dumped and read back the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_bytes(struct conf *conf, const void *bytes, size_t len, char *err)
{
    FILE *f = fmemopen((void *)bytes, len, "r");
    if (!f)
        abort();
    int rc = conf_read(conf, f, "fuzz", err, CONF_ERR_BYTES);
    fclose(f);
    return rc;
}

static char *dump(const struct conf *conf, size_t *len)
{
    char *text;
    FILE *f = open_memstream(&text, len);
    if (!f)
        abort();
    conf_dump(conf, f);
    if (fclose(f))
        abort();
    return text;
}

static void check_round_trip(const struct conf *conf)
{
    struct conf again;
    char err[CONF_ERR_BYTES];
    size_t len, len_again;
    char *text = dump(conf, &len);
    conf_defaults(&again);
    if (read_bytes(&again, text, len, err)) {
        fprintf(stderr, "%s\n", err);
        abort();
    }
    char *text_again = dump(&again, &len_again);
    if (len != len_again || memcmp(text, text_again, len) != 0)
        abort();
    free(text);
    free(text_again);
    conf_finish(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct conf conf;
    char err[CONF_ERR_BYTES] = "";
    conf_defaults(&conf);
    int rc = size ? read_bytes(&conf, data, size, err) : 0;
    if (!rc)
        check_round_trip(&conf);
    else if (!err[0])
        abort();
    conf_finish(&conf);
    return 0;
}
