/* SPDX-License-Identifier: MIT */
/* Roomline as it is built, by the load generator's rig: over a memif, and over the kernel's sockets as the others. */
#include <errno.h>
#include <stdlib.h>

#include "bench/rig.h"
#include "bench/rival.h"

static const enum rig_over memif = RIG_OVER_MEMIF, sockets = RIG_OVER_SOCKETS;

static void turn(void *rig)
{
    people_turn(((struct rig *)rig)->people);
}

static int open_stand(const struct rival *rival, struct rival_stand *stand, const struct rival_load *load)
{
    struct rig *rig = stand->own = calloc(1, sizeof(*rig));
    bool video = load->size > RIVAL_AUDIO_BYTES;
    struct rig_conf conf = {
        .over = *(const enum rig_over *)rival->variant,
        .profile = SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80,
        .rooms = load->n_rooms,
        .people = 1 + load->n_subs,
        .publishers = 1,
        .codecs = PEER_SDP_CODEC(video ? CODEC_VP8 : CODEC_OPUS),
    };
    conf.shapes[video ? MEDIA_VIDEO : MEDIA_AUDIO] = (struct people_shape){
        .packet_bytes = load->size, .frame_packets = rival_frame_packets(load), .interval_us = RIVAL_FRAME_US};
    if (!rig)
        return -ENOMEM;
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

const struct rival rival_roomline = {.name = "roomline", .open = open_stand, .close = close_stand, .variant = &memif},
                   rival_roomline_sockets = {.name = "roomline, kernel sockets",
                                             .open = open_stand,
                                             .close = close_stand,
                                             .variant = &sockets};
