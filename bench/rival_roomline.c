/* SPDX-License-Identifier: MIT */
/* Roomline as it is built, by the load generator's rig: over a memif, and over the kernel's sockets as the others. */
#include <errno.h>
#include <stdlib.h>

#include "bench/rig.h"
#include "bench/rival.h"

/* So much goes over a memif that the flows of a few rooms would pass through half of the sequence numbers while a step
 * of the search is far above the limit, and nobody could tell their rollovers any more (RFC 3711 3.3.1). */
#define MEMIF_ROOMS 8

static const enum rig_over memif = RIG_OVER_MEMIF, sockets = RIG_OVER_SOCKETS;

static void turn(void *rig)
{
    people_turn(((struct rig *)rig)->people);
}

static int open_stand(const struct rival *rival, struct rival_stand *stand, const struct rival_load *load)
{
    enum rig_over over = *(const enum rig_over *)rival->variant;
    struct rig *rig = stand->own = calloc(1, sizeof(*rig));
    struct rig_conf conf = {
        .over = over,
        .profile = SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80,
        .rooms = over == RIG_OVER_MEMIF ? MEMIF_ROOMS * load->n_rooms : load->n_rooms,
        .people = load->n_people,
        .publishers = load->n_publishers,
        .codecs = rival_codecs(load),
    };
    if (!rig)
        return -ENOMEM;
    for (enum media_kind k = 0; k < MEDIA_KINDS; k++)
        conf.shapes[k] = (struct people_shape){
            .packet_bytes = load->bytes[k], .frame_packets = load->frame_packets[k], .interval_us = RIVAL_INTERVAL_US};
    rig_open(rig, &conf);
    stand->server = &rig->world->dataplane;
    stand->engine = rig->engine;
    stand->on_turn = turn;
    return 0;
}

static void close_stand(struct rival_stand *stand)
{
    rig_close(stand->own);
    free(stand->own);
}

const struct rival rival_roomline = {.name = "roomline, memif",
                                     .open = open_stand,
                                     .close = close_stand,
                                     .variant = &memif},
                   rival_roomline_sockets = {.name = "roomline, kernel sockets",
                                             .open = open_stand,
                                             .close = close_stand,
                                             .variant = &sockets};
