/* SPDX-License-Identifier: MIT */
/* Attacks on the media port. Two rooms: "calm", which must not notice anything, and "target", whose session is attacked
 * by somebody who has its credentials where the case needs that. Each attack is counted under its name. */
#include <string.h>
#include <unistd.h>

#include "common/rtp.h"
#include "tests/peer/crypt.h"
#include "tests/proc/world.h"

#define PACKETS 50

struct scene {
    struct world *w;
    struct person *calm[2], *sender, *receiver; /* the sender's publish session is the target */
    struct peer *target;
    int fd;                            /* the attacker's socket */
    uint8_t captured[PEER_PACKET_MAX]; /* an RTP packet of the target, as sent */
    size_t captured_bytes;
};

static struct person *join(struct world *w, const char *room, const char *login, bool publishes)
{
    return world_person(w,
                        &(struct person_conf){
                            .login = login, .room = room, .publish = publishes ? AV(OPUS, VP8) : 0, .play = ANY_CODEC});
}

static void on_sent(void *arg, const uint8_t *bytes, size_t len)
{
    struct scene *s = arg;
    if (rtp_demux(bytes, len) != RTP_DEMUX_RTP || len > sizeof(s->captured))
        return;
    memcpy(s->captured, bytes, len);
    s->captured_bytes = len;
}

static void open_scene(struct scene *s, struct world *w, const char *setting)
{
    *s = (struct scene){.w = w};
    world_start(w, setting, NULL);
    s->calm[0] = join(w, "calm", "a", true);
    s->calm[1] = join(w, "calm", "b", true);
    s->sender = join(w, "target", "sender", true);
    s->receiver = join(w, "target", "receiver", false);
    WORLD_AWAIT(w, 10000,
                world_hears(s->calm[0], "b", 30) && world_hears(s->calm[1], "a", 30) &&
                    world_hears(s->receiver, "sender", 30));
    s->target = person_published(s->sender)->peer;
    peer_tap(s->target, on_sent, s);
    WORLD_AWAIT(w, 1000, s->captured_bytes);
    peer_tap(s->target, NULL, NULL);
    s->fd = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int off = 0;
    setsockopt(s->fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
}

/* Nobody lost anything, and the receiver of the attacked stream did not either. */
static void close_scene(struct scene *s)
{
    for (int i = 0; i < 2; i++)
        peer_pause(person_published(s->calm[i])->peer);
    peer_pause(s->target);
    world_check_complete(s->w, s->calm[0], s->calm[1], 0);
    world_check_complete(s->w, s->calm[1], s->calm[0], 0);
    world_check_complete(s->w, s->sender, s->receiver, 0);
    close(s->fd);
    world_close(s->w);
}

static void send_from_elsewhere(struct scene *s, const void *bytes, size_t len)
{
    const struct sockaddr_in6 *to = peer_remote(s->target);
    sendto(s->fd, bytes, len, 0, (const struct sockaddr *)to, sizeof(*to));
}

static bool was_answered(struct scene *s)
{
    uint8_t bytes[2048];
    return recv(s->fd, bytes, sizeof(bytes), 0) >= 0;
}

/* ---- STUN ---- */

static size_t write_check(struct scene *s, uint8_t *out, size_t size, const char *username, const char *pwd, uint32_t n)
{
    struct stun_key key;
    struct stun_request request = {
        .username = username, .priority = 1, .role = STUN_ROLE_CONTROLLING, .tie_breaker = 1, .use_candidate = true};
    put_be32(request.tid, n);
    stun_key_init(&key, pwd, strlen(pwd));
    int len = stun_write_request(out, size, &request, &key);
    stun_key_finish(&key);
    WORLD_CHECK(s->w, len > 0);
    return (size_t)len;
}

static void stun_wrong_password(struct scene *s)
{
    uint8_t bytes[256];
    send_from_elsewhere(
        s, bytes, write_check(s, bytes, sizeof(bytes), peer_agent(s->target)->username, "0123456789abcdef01234567", 1));
}

static void stun_unknown_user(struct scene *s)
{
    uint8_t bytes[256];
    send_from_elsewhere(s, bytes, write_check(s, bytes, sizeof(bytes), "nobody:here", "0123456789abcdef01234567", 1));
}

static void stun_half_right_user(struct scene *s)
{
    char user[64];
    uint8_t bytes[256];
    snprintf(user, sizeof(user), "%.15s:other", peer_answer(s->target)->ufrag);
    send_from_elsewhere(s, bytes, write_check(s, bytes, sizeof(bytes), user, peer_answer(s->target)->pwd, 1));
}

static void stun_truncated(struct scene *s)
{
    uint8_t bytes[256];
    size_t len = write_check(s, bytes, sizeof(bytes), peer_agent(s->target)->username, peer_answer(s->target)->pwd, 1);
    send_from_elsewhere(s, bytes, len - 8);
}

static void stun_response(struct scene *s)
{
    uint8_t bytes[256];
    struct stun_key key;
    struct dp_addr mapped = {.port = 1};
    stun_key_init(&key, peer_answer(s->target)->pwd, strlen(peer_answer(s->target)->pwd));
    int len = stun_write_success(bytes, sizeof(bytes), (const uint8_t *)"0123456789ab", &mapped, &key);
    stun_key_finish(&key);
    send_from_elsewhere(s, bytes, (size_t)len);
}

/* ---- DTLS, RTP, RTCP from an address that never proved itself ---- */

static void dtls_from_elsewhere(struct scene *s)
{
    uint8_t hello[200] = {22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 187, 1};
    send_from_elsewhere(s, hello, sizeof(hello));
}

static void rtp_from_elsewhere(struct scene *s)
{
    send_from_elsewhere(s, s->captured, s->captured_bytes);
}

static void garbage(struct scene *s)
{
    send_from_elsewhere(s, "\xff\xff garbage", 10);
}

static void oversize(struct scene *s)
{
    static uint8_t bytes[9000] = {0x80, 96};
    send_from_elsewhere(s, bytes, sizeof(bytes));
}

/* ---- From the session's own address ---- */

static void rtp_replayed(struct scene *s)
{
    peer_send_raw(s->target, s->captured, s->captured_bytes);
}

static void rtp_forged(struct scene *s)
{
    uint8_t bytes[PEER_PACKET_MAX];
    memcpy(bytes, s->captured, s->captured_bytes);
    put_be16(bytes + 2, (uint16_t)(get_be16(bytes + 2) + 1000));
    peer_send_raw(s->target, bytes, s->captured_bytes);
}

static void rtp_truncated(struct scene *s)
{
    peer_send_raw(s->target, s->captured, 11);
}

static void rtp_cut_short(struct scene *s)
{
    uint8_t bytes[PEER_PACKET_MAX];
    struct rtp_view v;
    WORLD_CHECK(s->w, rtp_parse_header(&v, s->captured, s->captured_bytes) == 0);
    memcpy(bytes, s->captured, s->captured_bytes);
    put_be16(bytes + 2, (uint16_t)(get_be16(bytes + 2) + 1000));
    peer_send_raw(s->target, bytes, v.payload + 8);
}

static void rtp_lying_extension(struct scene *s)
{
    uint8_t bytes[40] = {0x90, 96, 0, 1, 0, 0, 0, 1};
    put_be32(bytes + 8, peer_source(s->target, MEDIA_VIDEO)->conf.ssrc);
    put_be16(bytes + 12, RTP_EXT_ONE_BYTE);
    put_be16(bytes + 14, 0xffff);
    peer_send_raw(s->target, bytes, sizeof(bytes));
}

static size_t write_rtp(uint8_t *out, uint8_t first, uint8_t pt, uint32_t ssrc, size_t len)
{
    static uint16_t seq;
    memset(out, 0, len);
    out[0] = first;
    out[1] = pt;
    put_be16(out + 2, seq++);
    put_be32(out + 8, ssrc);
    return len;
}

static void rtp_unknown_ssrc(struct scene *s)
{
    uint8_t bytes[100];
    peer_send_rtp(s->target, bytes,
                  write_rtp(bytes, 0x80, peer_source(s->target, MEDIA_VIDEO)->conf.pt, 0xdeadbeef, sizeof(bytes)));
}

static void rtcp_truncated(struct scene *s)
{
    peer_send_raw(s->target, "\x80\xc8\x00\x06\x00\x00\x00\x01\x00\x00", 10);
}

static void rtcp_malformed(struct scene *s)
{
    static const uint8_t bytes[] = {0x80, 201, 0, 1, 0, 0, 0, 1, 0x80, 200, 0xff, 0xff}; /* the second: no room */
    peer_send_rtcp(s->target, bytes, sizeof(bytes));
}

/* A publisher that asks for key frames and packets of somebody else's stream. */
static void rtcp_about_others(struct scene *s)
{
    uint8_t bytes[64];
    struct rtcp_feedback fb = {.sender = 1,
                               .media = peer_source(person_published(s->calm[0])->peer, MEDIA_VIDEO)->conf.ssrc};
    int n = rtcp_write_pli(bytes, sizeof(bytes), &fb);
    peer_send_rtcp(s->target, bytes, (size_t)n);
}

static const struct attack {
    const char *name;
    void (*attack)(struct scene *s);
    const char *drop;
} attacks[] = {
    {"STUN with a wrong password", stun_wrong_password, "STUN_INTEGRITY"},
    {"STUN of an unknown user", stun_unknown_user, "STUN_NO_SESSION"},
    {"STUN with our half of the user name only", stun_half_right_user, "STUN_INTEGRITY"},
    {"STUN truncated", stun_truncated, "STUN_MALFORMED"},
    {"STUN response nobody asked for", stun_response, "STUN_NOT_REQUEST"},
    {"DTLS from elsewhere", dtls_from_elsewhere, "NO_SESSION"},
    {"RTP from elsewhere", rtp_from_elsewhere, "NO_SESSION"},
    {"no known protocol", garbage, "DEMUX"},
    {"larger than a packet may be", oversize, "MULTI_SEGMENT"},
    {"RTP replayed", rtp_replayed, "REPLAY"},
    {"RTP forged", rtp_forged, "AUTH"},
    {"RTP of 11 bytes", rtp_truncated, "RTP_MALFORMED"},
    {"RTP shorter than its tag", rtp_cut_short, "RTP_MALFORMED"},
    {"RTP whose extension is longer than it", rtp_lying_extension, "RTP_MALFORMED"},
    {"RTP of an unknown SSRC", rtp_unknown_ssrc, "UNKNOWN_SSRC"},
    {"RTCP of 10 bytes", rtcp_truncated, "RTCP_MALFORMED"},
    {"RTCP malformed inside", rtcp_malformed, "RTCP_MALFORMED"},
    {"RTCP about somebody else's stream", rtcp_about_others, "FEEDBACK_SSRC"},
};

static void test_each_attack_is_counted(void **state)
{
    struct scene s;
    open_scene(&s, *state, "dataplane.port=socket"); /* with AF_XDP the kernel drops what is too large */
    for (const struct attack *a = attacks; a < attacks + ARRAY_SIZE(attacks); a++) {
        printf("# %s\n", a->name);
        uint64_t before = world_drops(s.w, a->drop);
        for (int i = 0; i < PACKETS; i++)
            a->attack(&s);
        WORLD_AWAIT(s.w, 2000, world_drops(s.w, a->drop) >= before + PACKETS);
        WORLD_CHECK(s.w, !was_answered(&s)); /* no reflector */
    }
    close_scene(&s);
}

/* Authentic RTP, so it cannot be told from a broken encoder: whatever becomes of it, subscribers see no harm. */
static void test_authentic_but_broken_rtp(void **state)
{
    struct scene s;
    uint8_t bytes[1500];
    open_scene(&s, *state, "dataplane.port=auto");
    const struct source *video = peer_source(s.target, MEDIA_VIDEO);
    struct sink *sink = world_sink(s.receiver, "sender", MEDIA_VIDEO);
    uint64_t before = world_drops(s.w, "RTP_MALFORMED") + world_drops(s.w, "UNKNOWN_PT");
    size_t len = write_rtp(bytes, 0xa0, video->conf.pt, video->conf.ssrc, 60); /* padding: more than there is */
    put_be16(bytes + 2, (uint16_t)(video->seq + 20));
    bytes[len - 1] = 255;
    peer_send_rtp(s.target, bytes, len);
    bytes[len - 1] = 0; /* none, though the header says so */
    put_be16(bytes + 2, (uint16_t)(video->seq + 21));
    peer_send_rtp(s.target, bytes, len);
    write_rtp(bytes, 0x80, 77, video->conf.ssrc, 60);
    put_be16(bytes + 2, (uint16_t)(video->seq + 22));
    peer_send_rtp(s.target, bytes, len);
    WORLD_AWAIT(s.w, 2000, world_drops(s.w, "RTP_MALFORMED") + world_drops(s.w, "UNKNOWN_PT") == before + 3);
    uint64_t seen = sink->stats.unique;
    WORLD_AWAIT(s.w, 2000, sink->stats.unique > seen + 60);
    WORLD_CHECK(s.w, sink->stats.corrupt == 0);
    world_close(s.w);
}

/* The attacker even knows the password of a session that plays, and checks from its own address: it is answered (it may
 * be the same browser on another network), but media stays where it is. */
static void test_spoofed_source_moves_nothing(void **state)
{
    struct scene s;
    uint8_t bytes[2048];
    unsigned answers = 0, media = 0;
    open_scene(&s, *state, "dataplane.port=auto");
    struct peer *player = person_played(s.receiver, "sender")->peer;
    struct sink *sink = world_sink(s.receiver, "sender", MEDIA_AUDIO);
    for (uint32_t i = 0; i < 40; i++) {
        size_t len = write_check(&s, bytes, sizeof(bytes), peer_agent(player)->username, peer_answer(player)->pwd, i);
        send_from_elsewhere(&s, bytes, len);
        world_run_for(s.w, 25000);
        for (ssize_t n; (n = recv(s.fd, bytes, sizeof(bytes), 0)) > 0;)
            *(rtp_demux(bytes, (size_t)n) == RTP_DEMUX_STUN ? &answers : &media) += 1;
    }
    WORLD_CHECK(s.w, answers > 10);
    WORLD_CHECK(s.w, media == 0);
    WORLD_CHECK(s.w, sink->stats.unique > 50);
    close_scene(&s);
}

static void test_stun_flood(void **state)
{
    struct scene s;
    uint8_t bytes[256];
    open_scene(&s, *state, "dataplane.port=auto");
    size_t len = write_check(&s, bytes, sizeof(bytes), peer_agent(s.target)->username, "0123456789abcdef01234567", 1);
    for (int i = 0; i < 200; i++) {
        for (int n = 0; n < 100; n++)
            send_from_elsewhere(&s, bytes, len);
        world_run_for(s.w, 5000);
    }
    WORLD_CHECK(s.w, world_drops(s.w, "STUN_INTEGRITY") > 1000);
    WORLD_CHECK(s.w, !was_answered(&s));
    close_scene(&s);
}

static void wrong_fingerprint(void *arg, struct peer_conf *conf)
{
    conf->fingerprint =
        "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F";
}

static void test_wrong_fingerprint(void **state)
{
    struct scene s;
    open_scene(&s, *state, "dataplane.port=auto");
    struct person *liar = world_person(
        s.w, &(struct person_conf){
                 .login = "liar", .room = "target", .publish = AV(OPUS, VP8), .adjust = wrong_fingerprint});
    WORLD_AWAIT(s.w, 5000, person_media_ended(person_published(liar)));
    assert_string_equal(person_published(liar)->status, "FAILED");
    assert_string_equal(person_published(liar)->info, "Failed by DTLS fingerprint error");
    WORLD_CHECK(s.w, !person_played(s.receiver, "liar"));
    close_scene(&s);
}

static void wrong_password(void *arg, struct peer_conf *conf)
{
    conf->remote_pwd = "0123456789abcdef01234567";
}

static void test_wrong_password(void **state)
{
    struct scene s;
    struct world *w = *state;
    open_scene(&s, w, "dataplane.port=auto");
    struct person *liar = world_person(
        w,
        &(struct person_conf){.login = "liar", .room = "target", .publish = AV(OPUS, VP8), .adjust = wrong_password});
    WORLD_AWAIT(w, 5000, person_published(liar) && peer_agent(person_published(liar)->peer)->sent > 10);
    WORLD_CHECK(w, peer_agent(person_published(liar)->peer)->answered == 0);
    WORLD_CHECK(w, peer_stats(person_published(liar)->peer)->received == 0);
    close_scene(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_each_attack_is_counted),
        WORLD_TEST(test_authentic_but_broken_rtp),
        WORLD_TEST(test_spoofed_source_moves_nothing),
        WORLD_TEST(test_stun_flood),
        WORLD_TEST(test_wrong_fingerprint),
        WORLD_TEST(test_wrong_password),
    };
    return world_enter("hostile") ? cmocka_run_group_tests_name("hostile", tests, NULL, NULL) : 0;
}
