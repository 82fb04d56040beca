/* SPDX-License-Identifier: MIT */
/* rpc: whole conversations. Each line of the input is one step on the stage (tests/unit/controlplane/stage.h): the
 * first byte says who, the rest is what that person's socket carries. '!' drops the connection, '@' lets the person's
 * streams come to life, '#' lets time pass. The stage aborts when a contract is broken or anything is left over. */
#include <stdint.h>
#include <string.h>

#include "../../unit/controlplane/stage.h"
#include "common/dp_proto.h"
#include "common/log.h"
#include "controlplane/client.h"
#include "controlplane/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void enliven(void)
{
    struct hub *hub = stage_hub();
    uint64_t ids[64];
    size_t n = 0;
    for (struct session *s = hub->sessions; s && n < 64; s = s->hh.next)
        ids[n++] = s->id;
    for (size_t i = 0; i < n; i++)
        hub_dp_ops.on_punt(hub, ids[i], 0, (const uint8_t *)"E", 1);
}

static void step(const uint8_t *line, size_t len)
{
    unsigned person = line[0] % 4;
    if (len < 2)
        return;
    if (line[1] == '!') {
        stage_drop(person);
    } else if (line[1] == '@') {
        enliven();
    } else if (line[1] == '#') {
        stage_wait_ms(7000);
    } else {
        stage_open(person);
        stage_message(person, (const char *)line + 1, len - 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    stage_init();
    log_set_level(LOG_LEVEL_ERROR);
    for (const uint8_t *end = data + size; data < end;) {
        const uint8_t *stop = memchr(data, '\n', (size_t)(end - data));
        size_t len = (size_t)((stop ? stop : end) - data);
        step(data, len);
        data += len + (stop != NULL);
        if (!stop)
            break;
    }
    stage_finish();
    return 0;
}
