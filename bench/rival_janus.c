/* SPDX-License-Identifier: MIT */
/* VideoRooms: a publisher each, and subscribers of its feed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/janus.h"
#include "bench/lines.h"
#include "bench/rival.h"

#define PEOPLE_MAX 50 /* of a room */

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

static int add_flows(struct rival_stand *stand, const struct rival_load *load, struct line *line, uint32_t session,
                     int flows[MEDIA_KINDS])
{
    for (enum media_kind k = 0; k < MEDIA_KINDS; k++) {
        const struct source *source = peer_source(line->peer, k);
        if (!source)
            continue;
        struct source_conf conf = source->conf;
        rival_shape(load, k, &conf);
        flows[k] = engine_add_flow(stand->engine, session, &conf);
        if (flows[k] < 0)
            return flows[k];
    }
    return 0;
}

static int add_legs(struct rival_stand *stand, struct line *line, const int flows[MEDIA_KINDS])
{
    int session = line_hand_over(line);
    if (session < 0)
        return session;
    for (enum media_kind k = 0; k < MEDIA_KINDS; k++) {
        const struct peer_sdp_media *media = &peer_answer(line->peer)->media[k];
        if (media->codec == CODEC_NONE)
            continue;
        int leg = engine_add_leg(stand->engine, (uint32_t)session, (uint32_t)flows[k], media->ssrc, media->pt);
        if (leg < 0)
            return leg;
    }
    return 0;
}

/* A publisher with those who play it, who connect side by side. */
static int open_feed(struct rival_stand *stand, uint64_t room, const struct rival_load *load)
{
    struct own *own = stand->own;
    struct line *publisher, *lines[PEOPLE_MAX];
    int flows[MEDIA_KINDS];
    uint64_t feed;
    int session = publish(own, room, rival_codecs(load), &feed, &publisher);
    int err = session < 0 ? session : add_flows(stand, load, publisher, (uint32_t)session, flows);
    for (uint32_t i = 0; i < load->n_people - 1 && !err; i++)
        err = subscribe(own, room, feed, &lines[i]);
    for (uint32_t i = 0; i < load->n_people - 1 && !err; i++)
        err = add_legs(stand, lines[i], flows);
    return err;
}

static int open_room(struct rival_stand *stand, uint64_t room, const struct rival_load *load)
{
    struct own *own = stand->own;
    int err = janus_create_room(&own->janus, room);
    for (uint32_t i = 0; i < load->n_publishers && !err; i++)
        err = open_feed(stand, room, load);
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
