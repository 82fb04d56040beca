/* SPDX-License-Identifier: MIT */
/* Any bytes as the texts of a capture: what is taken can be written, and is the same when it is read again. */
#include <stdlib.h>
#include <string.h>

#include "recorder/label.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_meta(const struct rec_take_put *take, struct rec_room_put *room)
{
    struct rec_take_put take_again;
    struct rec_room_put room_again;
    char *text = label_meta(take, room);
    if (label_parse_meta(text, strlen(text), &take_again, &room_again) ||
        memcmp(take, &take_again, sizeof(*take)) != 0 || memcmp(room, &room_again, sizeof(*room)) != 0)
        abort();
    free(text);
}

static void check_room(const struct rec_room_put *room)
{
    struct rec_room_put again;
    char *text = label_room(room);
    if (label_parse_room(text, strlen(text), &again) || memcmp(room, &again, sizeof(again)) != 0)
        abort();
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rec_take_put take;
    struct rec_room_put room;
    if (label_parse_meta((const char *)data, size, &take, &room) == 0)
        check_meta(&take, &room);
    if (label_parse_room((const char *)data, size, &room) == 0)
        check_room(&room);
    return 0;
}
