/* SPDX-License-Identifier: MIT */
/* worker path */
/* Legs of a stream, dense. */
#include "dataplane/fan.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/line.h"
#include "dataplane/stream.h"

struct fan *fan_create(uint32_t room)
{
    size_t legs = sizeof(struct fan) + room * sizeof(struct leg);
    struct fan *fan = line_alloc(legs + room * sizeof(struct subscription *));

    if (!fan)
        return NULL;
    fan->room = room;
    fan->subs = (struct subscription **)((char *)fan + legs);
    return fan;
}

void fan_destroy(struct fan *fan)
{
    free(fan);
}

void fan_add(struct fan *fan, struct subscription *sub)
{
    assert(fan->n < fan->room);
    sub->place = fan->n++;
    fan->subs[sub->place] = sub;
    fan->legs[sub->place] = (struct leg){.path = &sub->session->path, .ssrc = sub->rtp.ssrc, .pt = sub->rtp.pt};
    memcpy(fan->legs[sub->place].ext, sub->rtp.ext, sizeof(sub->rtp.ext));
}

void fan_del(struct fan *fan, struct subscription *sub)
{
    uint32_t last = --fan->n;

    assert(fan->subs[sub->place] == sub);
    fan->legs[sub->place] = fan->legs[last];
    fan->subs[sub->place] = fan->subs[last];
    fan->subs[sub->place]->place = sub->place;
}

void fan_take(struct fan *fan, struct fan *old)
{
    assert(fan->n == 0 && old->n <= fan->room);
    fan->n = old->n;
    memcpy(fan->legs, old->legs, old->n * sizeof(old->legs[0]));
    memcpy(fan->subs, old->subs, old->n * sizeof(old->subs[0]));
    old->n = 0;
}
