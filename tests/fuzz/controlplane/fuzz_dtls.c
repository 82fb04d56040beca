/* SPDX-License-Identifier: MIT */
/* A DTLS server under a hostile network: the input is a script that forges datagrams to it and carries, damages, drops
 * and reorders those of a good client, so that every state of the handshake is within reach. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "common/util.h"
#include "controlplane/cert.h"
#include "controlplane/dtls.h"

#define QUEUE_MAX 32
#define MUST(x)      \
    do {             \
        if (!(x))    \
            abort(); \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each followed by its operands; 16-bit numbers in network order. */
enum op {
    OP_FORGE,      /* length, bytes: to the server */
    OP_CARRY,      /* the client's oldest datagram to the server */
    OP_CARRY_LAST, /* its newest */
    OP_REPEAT,     /* its oldest, which stays on its way */
    OP_FLIP,       /* offset, mask (8 bits): its oldest, damaged */
    OP_CUT,        /* length: its oldest, truncated */
    OP_DROP,       /* its oldest is lost */
    OP_ANSWER,     /* the server's oldest to the client */
    OP_LOSE,       /* the server's oldest is lost */
    OP_TIME,       /* three seconds later both timers are seen to */
    OP_COUNT
};

static struct timeval now = {.tv_sec = 1700000000};

int gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
    *tv = now;
    return 0;
}

struct datagram {
    size_t len;
    uint8_t bytes[DTLS_MTU];
};

struct end {
    struct dtls *dtls;
    size_t n_out;
    struct datagram out[QUEUE_MAX];
};

struct input {
    const uint8_t *at;
    size_t left;
};

static void on_send(void *arg, const uint8_t *bytes, size_t len)
{
    struct end *end = arg;
    MUST(len > 0 && len <= DTLS_MTU);
    if (end->n_out == QUEUE_MAX)
        return;
    end->out[end->n_out].len = len;
    memcpy(end->out[end->n_out++].bytes, bytes, len);
}

static size_t take(struct input *in, size_t bytes)
{
    size_t value = 0;
    for (; bytes > 0; bytes--) {
        value = value << 8 | (in->left ? *in->at : 0);
        in->at += in->left > 0;
        in->left -= in->left > 0;
    }
    return value;
}

static struct datagram get(struct end *end, size_t i, bool keep)
{
    struct datagram datagram = {0};
    if (i >= end->n_out)
        return datagram;
    datagram = end->out[i];
    if (!keep)
        memmove(end->out + i, end->out + i + 1, (--end->n_out - i) * sizeof(end->out[0]));
    return datagram;
}

static void feed(struct end *to, const uint8_t *bytes, size_t len)
{
    uint8_t *exact = malloc(len ? len : 1); /* so that ASan sees an overread */
    MUST(exact);
    memcpy(exact, bytes, len);
    dtls_on_datagram(to->dtls, exact, len);
    free(exact);
}

static void step(struct input *in, struct end *server, struct end *client)
{
    enum op op = take(in, 1) % OP_COUNT;
    struct datagram datagram = {0};
    size_t n, mask;
    switch (op) {
    case OP_FORGE:
        n = take(in, 2);
        n = MIN(n, in->left);
        feed(server, in->at, n);
        in->at += n;
        in->left -= n;
        return;
    case OP_CARRY:
    case OP_REPEAT:
        datagram = get(client, 0, op == OP_REPEAT);
        break;
    case OP_CARRY_LAST:
        datagram = get(client, client->n_out - 1, false);
        break;
    case OP_FLIP:
        datagram = get(client, 0, false);
        n = take(in, 2);
        mask = take(in, 1);
        if (datagram.len)
            datagram.bytes[n % datagram.len] ^= (uint8_t)mask;
        break;
    case OP_CUT:
        datagram = get(client, 0, false);
        n = take(in, 2);
        datagram.len = MIN(datagram.len, n);
        break;
    case OP_DROP:
        get(client, 0, false);
        return;
    case OP_ANSWER:
        datagram = get(server, 0, false);
        feed(client, datagram.bytes, datagram.len);
        return;
    case OP_LOSE:
        get(server, 0, false);
        return;
    case OP_TIME:
        now.tv_sec += 3;
        dtls_on_timer(server->dtls);
        dtls_on_timer(client->dtls);
        return;
    case OP_COUNT:
        return;
    }
    feed(server, datagram.bytes, datagram.len);
}

static struct cert *cert;
static struct dtls_ctx *ctx;
static uint8_t fingerprint[EVP_MAX_MD_SIZE];
static unsigned int fingerprint_bytes;

static void init(void)
{
    static const enum srtp_profile profiles[] = {SRTP_PROFILE_AEAD_AES_128_GCM, SRTP_PROFILE_NONE};
    if (ctx)
        return;
    cert = cert_make(NULL, now.tv_sec);
    MUST(cert);
    ctx = dtls_ctx_create(cert, profiles);
    MUST(ctx && X509_digest(cert_x509(cert), EVP_sha256(), fingerprint, &fingerprint_bytes));
}

static void create(struct end *end, bool active)
{
    struct dtls_conf conf = {.active = active,
                             .fingerprint_hash = "sha-256",
                             .fingerprint = fingerprint,
                             .fingerprint_bytes = fingerprint_bytes,
                             .send = on_send,
                             .arg = end};
    end->n_out = 0;
    end->dtls = dtls_create(ctx, &conf);
    MUST(end->dtls);
}

/* Whatever the network did: keys come from the good client or not at all. */
static void check(struct end *server, struct end *client)
{
    struct dtls_keys a, b;
    bool up = dtls_on_datagram(server->dtls, NULL, 0) == DTLS_ESTABLISHED;
    MUST((dtls_export_keys(server->dtls, &a) == 0) == up);
    if (up && dtls_export_keys(client->dtls, &b) == 0)
        MUST(memcmp(a.rx_key, b.tx_key, sizeof(a.rx_key)) == 0 && memcmp(a.tx_key, b.rx_key, sizeof(a.tx_key)) == 0);
    MUST(dtls_timeout_us(server->dtls) >= -1);
    MUST(strlen(dtls_error(server->dtls)) && strlen(dtls_reason(server->dtls)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct end server, client;
    struct input in = {data, size};
    init();
    create(&server, false);
    create(&client, true);
    dtls_start(client.dtls);
    while (in.left)
        step(&in, &server, &client);
    check(&server, &client);
    dtls_destroy(server.dtls);
    dtls_destroy(client.dtls);
    return 0;
}
