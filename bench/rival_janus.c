/* SPDX-License-Identifier: MIT */
/* VideoRooms: a publisher each, and subscribers of its feed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/janus.h"
#include "bench/lines.h"
#include "bench/rival.h"
#include "common/util.h"

#define SUBS_MAX 49

struct own {
    struct janus janus;
    struct lines *lines;
};

/* libnice gathers no candidates on lo, and sends by the interface of its candidate: the generator's addresses must be
 * local there. While they are, nobody's route to them is cached, so they are taken away again. */
static int run(const char *command)
{
    const char *argv[] = {"/bin/sh", "-c", command, NULL};
    char *said = NULL;
    int status = process_run(argv, &said);
    if (status != 0)
        fprintf(stderr, "bench: %s: %s\n", command, said);
    free(said);
    return status == 0 ? 0 : -EIO;
}

#define INTERFACE_UP                                                                           \
    "ip link add janus0 type veth peer name janus1 && ip addr add 10.99.0.1/24 dev janus0 && " \
    "ip link set janus0 up && ip link set janus1 up && ip route add local 127.1.0.0/16 dev janus0 table local"
#define INTERFACE_DOWN "ip link del janus0"

static int publish(struct own *own, uint64_t room, uint32_t codecs, uint64_t *feed, struct line **line)
{
    char answer[JANUS_SDP_BYTES];
    *line = lines_add(own->lines, true, codecs);
    int err = *line ? janus_publish(&own->janus, room, peer_offer((*line)->peer), answer, feed) : -ENOMEM;
    err = err ? err : line_answer(*line, answer);
    int session = err ? err : line_hand_over(*line);
    err = session < 0 ? session : janus_await_up(&own->janus);
    return err ? err : session;
}

static int subscribe(struct own *own, uint64_t room, uint64_t feed, struct line **line)
{
    char offer[JANUS_SDP_BYTES], answer[JANUS_SDP_BYTES];
    uint64_t handle;
    *line = lines_add(own->lines, false, 0);
    int err = *line ? janus_subscribe(&own->janus, room, feed, offer, &handle) : -ENOMEM;
    int n = err ? err : line_offer(*line, offer, answer, sizeof(answer));
    return n < 0 ? n : janus_answer(&own->janus, handle, answer);
}

static int add_leg(struct rival_stand *stand, struct line *line, uint32_t flow, enum media_kind kind)
{
    const struct peer_sdp_media *media = &peer_answer(line->peer)->media[kind];
    int session = line_hand_over(line);
    return session < 0 ? session : engine_add_leg(stand->engine, (uint32_t)session, flow, media->ssrc, media->pt);
}

/* Subscribers connect side by side. */
static int open_room(struct rival_stand *stand, uint64_t room, const struct rival_load *load)
{
    struct own *own = stand->own;
    bool video = load->size > RIVAL_AUDIO_BYTES;
    enum media_kind kind = video ? MEDIA_VIDEO : MEDIA_AUDIO;
    struct line *publisher, *lines[SUBS_MAX];
    uint64_t feed;
    int err = janus_create_room(&own->janus, room);
    int session = err ? err : publish(own, room, PEER_SDP_CODEC(video ? CODEC_VP8 : CODEC_OPUS), &feed, &publisher);
    if (session < 0)
        return session;
    struct source_conf conf = peer_source(publisher->peer, kind)->conf;
    rival_shape(load, &conf);
    int flow = engine_add_flow(stand->engine, (uint32_t)session, &conf);
    err = flow < 0 ? flow : 0;
    for (uint32_t i = 0; i < load->n_subs && !err; i++)
        err = subscribe(own, room, feed, &lines[i]);
    for (uint32_t i = 0; i < load->n_subs && !err; i++)
        err = MIN(add_leg(stand, lines[i], (uint32_t)flow, kind), 0);
    return err;
}

static void close_stand(struct rival_stand *stand)
{
    struct own *own = stand->own;
    lines_destroy(own->lines);
    janus_stop(&own->janus);
    run(INTERFACE_DOWN);
    rival_close_wire(stand);
    free(own);
}

static int open_stand(const struct rival *rival, struct rival_stand *stand, const struct rival_load *load)
{
    struct own *own = stand->own = calloc(1, sizeof(*own));
    int err = own ? rival_open_wire(stand, load) : -ENOMEM;
    if (err) {
        free(own);
        return err;
    }
    own->janus.fd = -1;
    stand->server = &own->janus.process;
    own->lines = lines_create(stand->wire, stand->engine, SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80);
    err = run(INTERFACE_UP);
    err = err ? err : own->lines ? janus_start(&own->janus, stand->dir, RIVAL_CPU, rival->variant) : -ENOMEM;
    for (uint32_t i = 0; i < load->n_rooms && !err; i++)
        err = open_room(stand, i + 1, load);
    if (err)
        close_stand(stand);
    return err;
}

const struct rival rival_janus = {.name = "janus", .open = open_stand, .close = close_stand};

struct rival rival_janus_with(const char *name, const char *libraries)
{
    return (struct rival){.name = name, .open = open_stand, .close = close_stand, .variant = libraries};
}
