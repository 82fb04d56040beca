/* SPDX-License-Identifier: MIT */
/* rtpengine in userspace with one thread: calls with a publisher and its subscribers, SRTP keys in SDP (RFC 4568).
 *
 * It knows no video codec by itself, so the packets say PCMU; it forwards what they hold as it is. It offers a
 * subscriber the publisher's own key for the publisher's own suite, and would then pass packets on without any
 * cryptography, so the publisher's suite is another one, AEAD_AES_128_GCM. */
#include <arpa/inet.h>
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/ng.h"
#include "bench/rival.h"
#include "common/util.h"

#define ADDRESS   "127.0.0.1"
#define NG_PORT   2223
#define START_US  5000000
#define POLL_US   20000
#define STOP_US   5000000
#define SDP_BYTES 1024
#define SSRC      0x1000
#define PUBLISHER "publisher" /* its tag in a call */

struct own {
    struct process process;
    int fd;
    uint32_t n_calls;
};

/* Of one direction. */
struct suite {
    enum srtp_profile profile;
    const char *name; /* RFC 4568 6.2, RFC 7714 14.1 */
    size_t key_bytes, salt_bytes;
};

static const struct suite publisher_suite = {SRTP_PROFILE_AEAD_AES_128_GCM, "AEAD_AES_128_GCM", 16, 12},
                          subscriber_suite = {SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80, "AES_CM_128_HMAC_SHA1_80", 16, 14};

/* ---- Descriptions ---- */

#define KEY_BYTES (SRTP_KEY_BYTES_MAX + SRTP_SALT_BYTES_MAX) /* key and salt behind it, as in inline: */

/* The other side, as it describes itself. */
struct remote {
    struct dp_addr addr;
    uint8_t key[KEY_BYTES];
    unsigned tag; /* of the a=crypto line that has it */
};

static void write_sdp(char *out, const struct wire *wire, uint32_t end, const struct suite *suite, unsigned tag,
                      const uint8_t *key, const char *direction)
{
    struct dp_addr local = wire_local(wire, end);
    const uint8_t *ip = local.ip + 12;
    unsigned char base64[2 * KEY_BYTES];
    EVP_EncodeBlock(base64, key, (int)(suite->key_bytes + suite->salt_bytes));
    snprintf(out, SDP_BYTES,
             "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio %u RTP/SAVP 0\r\nc=IN IP4 %u.%u.%u.%u\r\n"
             "a=rtpmap:0 PCMU/8000\r\na=rtcp-mux\r\na=crypto:%u %s inline:%s\r\na=%s\r\n",
             local.port, ip[0], ip[1], ip[2], ip[3], tag, suite->name, base64, direction);
}

static int read_crypto(const char *sdp, const struct suite *suite, struct remote *remote)
{
    char pattern[64], base64[2 * KEY_BYTES];
    unsigned char bytes[2 * KEY_BYTES];
    int key_bytes = (int)(suite->key_bytes + suite->salt_bytes);
    snprintf(pattern, sizeof(pattern), "a=crypto:%%u %s inline:%%64[A-Za-z0-9+/=]", suite->name);
    for (const char *p = sdp; (p = strstr(p, "a=crypto:")); p++) {
        if (sscanf(p, pattern, &remote->tag, base64) != 2)
            continue;
        for (size_t n = strlen(base64); n % 4; n++) /* it leaves out the padding */
            strcpy(base64 + n, "=");
        if (EVP_DecodeBlock(bytes, (const unsigned char *)base64, (int)strlen(base64)) < key_bytes)
            return -EINVAL;
        memcpy(remote->key, bytes, (size_t)key_bytes);
        return 0;
    }
    return -EINVAL;
}

static int read_sdp(const char *sdp, const struct suite *suite, struct remote *remote)
{
    static const uint8_t v4_mapped[12] = {[10] = 0xff, [11] = 0xff};
    unsigned port;
    const char *media = strstr(sdp, "m=audio ");
    if (!media || sscanf(media, "m=audio %u", &port) != 1)
        return -EINVAL;
    *remote = (struct remote){.addr.port = (uint16_t)port};
    memcpy(remote->addr.ip, v4_mapped, sizeof(v4_mapped));
    inet_pton(AF_INET, ADDRESS, remote->addr.ip + sizeof(v4_mapped));
    return read_crypto(sdp, suite, remote);
}

/* ---- Calls ---- */

/* Our key is for what we send, theirs for what comes. */
static int add_session(struct rival_stand *stand, uint32_t end, const struct suite *suite, const uint8_t *key,
                       const struct remote *remote)
{
    int err = wire_connect(stand->wire, end, &remote->addr);
    if (err)
        return err;
    return engine_add_session(stand->engine, &(struct engine_session){.end = end,
                                                                      .profile = suite->profile,
                                                                      .tx_key = key,
                                                                      .tx_salt = key + suite->key_bytes,
                                                                      .rx_key = remote->key,
                                                                      .rx_salt = remote->key + suite->key_bytes});
}

static const char *text_of(const json_t *answer, const char *key)
{
    const char *text = json_string_value(json_object_get(answer, key));
    return text ? text : "";
}

static int publish(struct rival_stand *stand, const char *call)
{
    struct own *own = stand->own;
    struct remote remote;
    char sdp[SDP_BYTES];
    uint8_t key[KEY_BYTES];
    int end = wire_add_end(stand->wire);
    if (end < 0)
        return end;
    RAND_bytes(key, sizeof(key));
    write_sdp(sdp, stand->wire, (uint32_t)end, &publisher_suite, 1, key, "sendonly");
    json_t *answer = ng_call(
        own->fd, json_pack("{ss ss ss ss}", "command", "publish", "call-id", call, "from-tag", PUBLISHER, "sdp", sdp));
    int err = read_sdp(text_of(answer, "sdp"), &publisher_suite, &remote);
    json_decref(answer);
    return err ? err : add_session(stand, (uint32_t)end, &publisher_suite, key, &remote);
}

static int subscribe(struct rival_stand *stand, const char *call)
{
    struct own *own = stand->own;
    struct remote remote;
    char sdp[SDP_BYTES];
    uint8_t key[KEY_BYTES];
    int end = wire_add_end(stand->wire);
    if (end < 0)
        return end;
    RAND_bytes(key, sizeof(key));
    json_t *offer = ng_call(own->fd, json_pack("{ss ss ss s[s]}", "command", "subscribe request", "call-id", call,
                                               "from-tag", PUBLISHER, "rtcp-mux", "offer"));
    int err = read_sdp(text_of(offer, "sdp"), &subscriber_suite, &remote);
    if (!err) {
        write_sdp(sdp, stand->wire, (uint32_t)end, &subscriber_suite, remote.tag, key, "recvonly");
        json_t *done = ng_call(own->fd, json_pack("{ss ss ss ss}", "command", "subscribe answer", "call-id", call,
                                                  "to-tag", text_of(offer, "to-tag"), "sdp", sdp));
        err = done ? 0 : -EIO;
        json_decref(done);
    }
    json_decref(offer);
    return err ? err : add_session(stand, (uint32_t)end, &subscriber_suite, key, &remote);
}

/* One flow and those who get it. */
static int open_call(struct rival_stand *stand, const struct rival_load *load, enum media_kind kind)
{
    struct own *own = stand->own;
    struct source_conf conf = {.codec = CODEC_PCMU, .ssrc = SSRC + own->n_calls, .first_seq = 1};
    char call[16];
    snprintf(call, sizeof(call), "call%u", own->n_calls++);
    rival_shape(load, kind, &conf);
    int session = publish(stand, call);
    int flow = session < 0 ? session : engine_add_flow(stand->engine, (uint32_t)session, &conf);
    for (uint32_t i = 0; i < load->n_people - 1 && flow >= 0; i++) {
        session = subscribe(stand, call);
        int leg = session < 0 ? session
                              : engine_add_leg(stand->engine, (uint32_t)session, (uint32_t)flow, conf.ssrc, conf.pt);
        if (leg < 0)
            return leg;
    }
    return flow < 0 ? flow : 0;
}

/* Rooms are not its notion: a call for each flow of each publisher. */
static int open_room(struct rival_stand *stand, const struct rival_load *load)
{
    int err = 0;
    for (uint32_t i = 0; i < load->n_publishers; i++)
        for (enum media_kind k = 0; k < MEDIA_KINDS && !err; k++)
            err = load->bytes[k] ? open_call(stand, load, k) : 0;
    return err;
}

/* ---- Life ---- */

static void close_stand(struct rival_stand *stand)
{
    struct own *own = stand->own;
    if (own->fd >= 0)
        close(own->fd);
    process_stop(&own->process, SIGKILL, STOP_US);
    rival_close_wire(stand);
    free(own);
}

static int start(struct rival_stand *stand)
{
    struct own *own = stand->own;
    char log[128], core[8], listen[40];
    snprintf(listen, sizeof(listen), "--listen-ng=127.0.0.1:%u", NG_PORT);
    snprintf(log, sizeof(log), "%s/rtpengine.log", stand->dir);
    snprintf(core, sizeof(core), "%u", RIVAL_CPU);
    const char *argv[] = {"/usr/bin/taskset",
                          "-c",
                          core,
                          "rtpengine",
                          "--config-file=none",
                          "--foreground",
                          "--log-stderr",
                          "--log-level=4",
                          "--table=-1",
                          "--num-threads=1",
                          "--interface=" ADDRESS,
                          listen,
                          "--port-min=20000",
                          "--port-max=59999",
                          "--timeout=3600",
                          "--silent-timeout=3600",
                          NULL};
    int err = process_start(&own->process, log, argv);
    own->fd = err ? err : ng_connect(NG_PORT);
    for (int64_t waited_us = 0; own->fd >= 0 && waited_us < START_US; waited_us += POLL_US) {
        if (ng_ping(own->fd))
            return 0;
        if (!process_runs(&own->process))
            break;
        usleep(POLL_US);
    }
    process_print_log(&own->process, "rtpengine", 10);
    return own->fd < 0 ? own->fd : -ETIMEDOUT;
}

static int open_stand(const struct rival *rival, struct rival_stand *stand, const struct rival_load *load)
{
    struct own *own = stand->own = calloc(1, sizeof(*own));
    int err = own ? rival_open_wire(stand, load) : -ENOMEM;
    if (err) {
        free(own);
        return err;
    }
    own->fd = -1;
    stand->server = &own->process;
    err = start(stand);
    for (uint32_t i = 0; i < load->n_rooms && !err; i++)
        err = open_room(stand, load);
    if (err)
        close_stand(stand);
    return err;
}

const struct rival rival_rtpengine = {.name = "rtpengine", .fragile = true, .open = open_stand, .close = close_stand};
