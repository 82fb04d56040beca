/* SPDX-License-Identifier: MIT */
/* Rooms, seats on the wire, the hand-over. */
#include "bench/people.h"

#include <stdlib.h>
#include <string.h>

#include "controlplane/dtls.h"
#include "tests/peer/peer.h"

#define GATHER_US  (120 * SECOND_US)
#define NAME_BYTES 32
#define PAUSE_US   200 /* for the daemons, where they share our CPU */

/* A peer's place on the wire. */
struct seat {
    struct people *people;
    struct peer *peer; /* NULL: has said nothing yet */
    uint32_t end;
};

struct people {
    struct people_conf conf;
    struct person **persons; /* room by room */
    uint32_t n_persons, n_sessions;
    struct seat *seats; /* by end of the wire */
    uint32_t n_seats, n_connected;
};

uint32_t people_sessions(const struct people_conf *c)
{
    return c->rooms * (c->publishers + c->publishers * (c->people - 1));
}

/* ---- Datagrams ---- */

static void on_send(void *arg, struct peer *peer, const uint8_t *bytes, size_t len)
{
    struct seat *seat = arg;
    struct people *p = seat->people;

    if (!seat->peer) {
        const struct sockaddr_in6 *remote = peer_remote(peer);
        struct dp_addr addr = {.port = ntohs(remote->sin6_port)};
        memcpy(addr.ip, &remote->sin6_addr, sizeof(addr.ip));
        seat->peer = peer;
        WORLD_CHECK(p->conf.world, wire_connect(p->conf.wire, seat->end, &addr) == 0);
    }
    wire_send_bytes(p->conf.wire, seat->end, bytes, len, loop_now_us() * 1000);
}

static void on_state(void *arg, struct peer *peer)
{
    struct seat *seat = arg;

    WORLD_CHECK(seat->people->conf.world, peer_state(peer) != PEER_FAILED);
    seat->people->n_connected += peer_state(peer) == PEER_CONNECTED;
}

/* Whatever a relay may refuse has been allowed to it by the settings of the load. */
static void on_event(void *arg, struct person *person, const struct wcs_event *event)
{
    if (event->kind == WCS_STREAM && strcmp(event->name, "FAILED") == 0)
        world_fail(((struct people *)arg)->conf.world, __FILE__, __LINE__, event->info);
}

static void adjust(void *arg, struct peer_conf *conf)
{
    struct people *p = arg;
    int end = wire_add_end(p->conf.wire);

    WORLD_CHECK(p->conf.world, end >= 0 && (uint32_t)end < p->n_sessions);
    p->seats[end] = (struct seat){.people = p, .end = (uint32_t)end};
    p->n_seats++;
    conf->no_media = true;
    conf->send = on_send;
    conf->on_state = on_state;
    conf->arg = &p->seats[end];
}

static void deliver(void *arg, const struct wire_datagram *d)
{
    struct people *p = arg;

    if (d->end < p->n_sessions && p->seats[d->end].peer)
        peer_deliver(p->seats[d->end].peer, d->bytes, d->len, loop_now_us());
}

static void turn(struct people *p)
{
    struct wire_datagram d[WIRE_BURST];
    uint32_t n = wire_receive(p->conf.wire, d, WIRE_BURST, loop_now_us() * 1000);

    for (uint32_t i = 0; i < n; i++)
        deliver(p, &d[i]);
    wire_release(p->conf.wire, d, n);
    world_turn(p->conf.world, loop_now_us() + (n ? 0 : PAUSE_US));
}

void people_turn(void *arg)
{
    world_turn(((struct people *)arg)->conf.world, loop_now_us());
}

/* ---- Gathering ---- */

static struct person *invite(struct people *p, uint32_t i)
{
    const struct people_conf *c = &p->conf;
    char login[NAME_BYTES], room[NAME_BYTES];
    uint32_t seat = i % c->people;

    snprintf(login, sizeof(login), "p%u", seat);
    snprintf(room, sizeof(room), "load%u", i / c->people);
    struct person_conf conf = {
        .socket = {.loop = c->world->loop, .addr = world_address(false, 8080)},
        .dtls = world_dtls(c->world, c->profile),
        .login = login,
        .room = room,
        .seed = i + 1,
        .publish = seat < c->publishers ? c->codecs : 0,
        .play = ANY_CODEC,
        .adjust = adjust,
        .on_event = on_event,
        .arg = p,
    };
    struct person *person = person_create(&conf);
    WORLD_CHECK(c->world, person);
    return person;
}

/* Joins as fast as sessions come through: a storm of thousands would only time out. */
static void gather(struct people *p)
{
    int64_t until_us = loop_now_us() + GATHER_US;

    while (p->n_connected < p->n_sessions) {
        uint32_t coming = p->n_persons > 0 && !p->persons[p->n_persons - 1]->joined;
        if (!coming && p->n_persons < p->conf.rooms * p->conf.people &&
            p->n_seats - p->n_connected < p->conf.pending_max) {
            p->persons[p->n_persons] = invite(p, p->n_persons);
            p->n_persons++;
        }
        turn(p);
        WORLD_CHECK(p->conf.world, loop_now_us() < until_us);
    }
}

struct people *people_create(const struct people_conf *conf)
{
    struct people *p = calloc(1, sizeof(*p));

    WORLD_CHECK(conf->world, p);
    p->conf = *conf;
    p->n_sessions = people_sessions(conf);
    p->persons = calloc((size_t)conf->rooms * conf->people, sizeof(struct person *));
    p->seats = calloc(p->n_sessions, sizeof(struct seat));
    WORLD_CHECK(conf->world, p->persons && p->seats);
    gather(p);
    return p;
}

void people_destroy(struct people *p)
{
    while (p->n_persons > 0)
        person_destroy(p->persons[--p->n_persons]);
    free(p->persons);
    free(p->seats);
    free(p);
}

uint32_t people_connected(const struct people *p)
{
    return p->n_connected;
}

/* ---- Hand-over ---- */

static uint32_t add_session(struct people *p, struct engine *engine, struct peer *peer, const struct seat *seat)
{
    struct dtls_keys keys;

    WORLD_CHECK(p->conf.world, peer && peer_hand_over(peer, &keys) == 0);
    int session = engine_add_session(engine, &(struct engine_session){.end = seat->end,
                                                                      .profile = keys.profile,
                                                                      .tx_key = keys.tx_key,
                                                                      .tx_salt = keys.tx_salt,
                                                                      .rx_key = keys.rx_key,
                                                                      .rx_salt = keys.rx_salt,
                                                                      .agent = peer_agent(peer)});
    explicit_bzero(&keys, sizeof(keys));
    WORLD_CHECK(p->conf.world, session >= 0);
    return (uint32_t)session;
}

static struct seat *seat_of(struct people *p, const struct peer *peer)
{
    for (uint32_t i = 0; i < p->n_sessions; i++)
        if (p->seats[i].peer == peer)
            return &p->seats[i];
    return NULL;
}

static void add_flows(struct people *p, struct engine *engine, struct peer *peer, const struct people_shape *shapes,
                      int flows[MEDIA_KINDS])
{
    uint32_t session = add_session(p, engine, peer, seat_of(p, peer));

    for (enum media_kind k = 0; k < MEDIA_KINDS; k++) {
        if (!peer_source(peer, k))
            continue;
        struct source_conf conf = peer_source(peer, k)->conf;
        conf.frame_packets = shapes[k].frame_packets;
        conf.interval_us = shapes[k].interval_us;
        conf.payload_bytes = engine_payload_bytes(&conf, shapes[k].packet_bytes);
        flows[k] = engine_add_flow(engine, session, &conf);
        WORLD_CHECK(p->conf.world, flows[k] >= 0);
    }
}

static void add_legs(struct people *p, struct engine *engine, struct peer *peer, const int flows[MEDIA_KINDS])
{
    uint32_t session = add_session(p, engine, peer, seat_of(p, peer));

    for (enum media_kind k = 0; k < MEDIA_KINDS; k++) {
        const struct peer_sdp_media *media = &peer_answer(peer)->media[k];
        if (media->codec == CODEC_NONE)
            continue;
        int leg = engine_add_leg(engine, session, (uint32_t)flows[k], media->ssrc, media->pt);
        WORLD_CHECK(p->conf.world, leg >= 0);
        if (media->rtx_pt)
            engine_set_rtx(engine, (uint32_t)leg, media->rtx_ssrc);
    }
}

static void hand_over_room(struct people *p, struct engine *engine, const struct people_shape *shapes,
                           struct person **persons)
{
    for (uint32_t from = 0; from < p->conf.publishers; from++) {
        int flows[MEDIA_KINDS] = {0};
        struct person_media *media = person_published(persons[from]);
        WORLD_CHECK(p->conf.world, media);
        add_flows(p, engine, media->peer, shapes, flows);
        for (uint32_t to = 0; to < p->conf.people; to++) {
            media = to == from ? NULL : person_played(persons[to], persons[from]->login);
            if (media)
                add_legs(p, engine, media->peer, flows);
        }
    }
}

void people_hand_over(struct people *p, struct engine *engine, const struct people_shape *shapes)
{
    engine_on_other(engine, deliver, p);
    for (uint32_t room = 0; room < p->conf.rooms; room++)
        hand_over_room(p, engine, shapes, p->persons + (size_t)room * p->conf.people);
}
