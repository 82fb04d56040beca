/* SPDX-License-Identifier: MIT */
/* One worker and the clients of a room, in one thread and in virtual time: what a client sends goes through libsrtp and
 * a port into worker_turn, what the worker sends comes out of the port and through the client's own libsrtp. Sessions
 * are put in place directly, without ctl: these tests are about media. Failures are cmocka's. */
#ifndef ROOMLINE_TESTS_PIPELINE_MEDIA_H
#define ROOMLINE_TESTS_PIPELINE_MEDIA_H

#include <srtp2/srtp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/rtcp.h"
#include "common/rtp.h"
#include "dataplane/port.h"
#include "dataplane/stream.h"
#include "dataplane/table.h"
#include "dataplane/worker.h"

#define MEDIA_PACKET_MAX 1600
#define MEDIA_RX_MAX     2048
#define MEDIA_POOL       4095
#define MEDIA_FANS_MAX   8
#define MEDIA_START_US   1000000000

/* A datagram as a client got it. */
struct packet {
    size_t cipher_len, len; /* len 0: libsrtp refused it */
    uint8_t cipher[MEDIA_PACKET_MAX], bytes[MEDIA_PACKET_MAX];
};

struct inbox {
    uint32_t n, size;
    struct packet *packets;
};

struct client {
    struct media *media;
    struct session session;
    uint16_t udp_port;
    srtp_t tx, rx;
    struct inbox rtp, rtcp;
    bool deaf; /* packets to it are counted in rtp.n only */
};

struct media {
    struct dataplane_conf conf;
    struct tables tables;
    struct mailbox ctl;
    struct worker *workers[1];
    struct worker worker;
    struct rte_mempool *rx_pool, *mail_pool;
    struct port port;
    struct rte_mbuf *rx[MEDIA_RX_MAX];
    uint32_t rx_n, rx_at; /* ring */
    uint32_t rx_room;     /* of the port's queue, as far as it tells how full it is; 0: it does not tell */
    struct client **clients;
    uint32_t n_clients;
    struct fan *fans[MEDIA_FANS_MAX]; /* of all streams */
    uint32_t n_fans;
    uint32_t tx_blocked; /* the port takes nothing for so many packets */
    int64_t now_us;
};

int media_global_init(void **state); /* group setup: EAL and libsrtp */
int media_global_finish(void **state);

/* Every test: everything it borrowed from the pools is back at the end, or it fails. */
struct media *media_create(void);
void media_destroy(struct media *media);

/* A client with keys, an address and consent. Lives as long as the media. */
struct client *media_client(struct media *media, enum srtp_profile profile);

/* After a test has changed what a session's path is made of. */
void media_route(struct media *media);

/* Attaches; the caller has filled in codec, kind, clock_hz, rtp and put (or taken media_video's). */
struct stream *media_publish(struct client *client, struct stream *st);
struct subscription *media_play(struct client *client, struct subscription *sub, struct stream *st);

/* VP8, SSRC 0x1000, PT 96, RTX 0x1001 on PT 97, NACK and PLI, extensions audio level 1, transport-cc 3, mid 4. */
struct stream media_video(void);
struct stream media_audio(void); /* Opus, SSRC 0x2000, PT 111 */
/* SSRC 0x5000 + n, PT 100, RTX 0x6000 + n on PT 101. */
struct subscription media_sub(uint32_t n);

/* Writes an RTP packet of a plain header; returns its length. */
size_t media_rtp(uint8_t *p, uint8_t pt, uint16_t seq, uint32_t ts, uint32_t ssrc, const uint8_t *payload, size_t len);

/* Encrypts and puts it on the wire: the worker sees it at the next turn. index: of the packet. */
void media_send_rtp(struct client *client, const uint8_t *rtp, size_t len);
void media_send_rtcp(struct client *client, const uint8_t *rtcp, size_t len);
void media_send_raw(struct client *client, const uint8_t *bytes, size_t len);

/* One VP8 packet of media_video's stream: a key frame's first, or a later one. The payload is 100 bytes of its index.
 */
void media_send_video(struct client *client, int64_t index, bool keyframe);

/* Time passes, the worker turns. */
void media_turn(struct media *media, int64_t us);
/* So long that every session has had its tick. */
void media_ticks(struct media *media, int64_t us);

/* Takes the oldest packet of an inbox. NULL: empty. Valid until the inbox grows. */
const struct packet *inbox_at(const struct inbox *in, uint32_t i);
void inbox_clear(struct inbox *in);

/* First RTCP packet of this kind that the client got, with the compound it came in. false: none. */
bool media_find_rtcp(const struct client *client, enum rtcp_kind kind, struct rtcp_packet *packet);
uint32_t media_count_rtcp(const struct client *client, enum rtcp_kind kind);

uint64_t media_drops(const struct media *media, enum drop why);

#endif
