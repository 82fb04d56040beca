/* SPDX-License-Identifier: MIT */
/* The SDP parser: what it reads from real offers, what it tolerates, what it refuses and with which words. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "common/util.h"
#include "tests/unit/controlplane/offers.h"

#define HEAD  "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
#define AUDIO "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"

static void test_chromium_camera(void **state)
{
    struct sdp *sdp = read_offer("offer-publish-camera.sdp");
    assert_non_null(sdp);
    assert_int_equal(sdp->n_sections, 2);
    assert_int_equal(sdp->n_bundled, 2);
    const struct sdp_section *audio = &sdp->sections[0], *video = &sdp->sections[1];
    assert_string_equal(audio->media, "audio");
    assert_string_equal(audio->protocol, "UDP/TLS/RTP/SAVPF");
    assert_string_equal(audio->first_fmt, "111");
    assert_string_equal(audio->mid, "0");
    assert_string_equal(audio->ufrag, "D0Jy");
    assert_string_equal(audio->pwd, "+SjtFszrVd29PxIqOkyItTTY");
    assert_string_equal(audio->fingerprint.hash, "sha-256");
    assert_int_equal(audio->fingerprint.n_bytes, 32);
    assert_int_equal(audio->fingerprint.bytes[0], 0xa0);
    assert_int_equal(audio->fingerprint.bytes[31], 0x25);
    assert_int_equal(audio->setup, SDP_SETUP_ACTPASS);
    assert_int_equal(audio->direction, SDP_SENDONLY);
    assert_true(audio->rtcp_mux && audio->rtcp_rsize);
    assert_int_equal(audio->n_formats, 8);
    assert_string_equal(audio->formats[0].name, "opus");
    assert_int_equal(audio->formats[0].clock_hz, 48000);
    assert_int_equal(audio->formats[0].channels, 2);
    assert_int_equal(audio->ssrc, 2568161815);
    assert_int_equal(audio->fid[0], 0);
    assert_int_equal(video->bundle, 1);
    assert_int_equal(video->n_formats, 23);
    assert_int_equal(video->formats[0].feedback, DP_FB_NACK | DP_FB_PLI | DP_FB_FIR | DP_FB_REMB | DP_FB_TRANSPORT_CC);
    assert_int_equal(video->ssrc, 1215047585);
    assert_int_equal(video->fid[0], 1215047585);
    assert_int_equal(video->fid[1], 3467957725);
    assert_int_equal(video->ext[RTP_EXT_VIDEO_ORIENTATION].id, 13);
    assert_int_equal(video->ext[RTP_EXT_DEPENDENCY_DESCRIPTOR].id, 0);
    sdp_destroy(sdp);
}

static void test_firefox(void **state)
{
    struct sdp *sdp = read_offer("offer-firefox-publish.sdp");
    assert_non_null(sdp);
    const struct sdp_section *audio = &sdp->sections[0], *video = &sdp->sections[1];
    assert_string_equal(audio->fingerprint.hash, "sha-256"); /* from the session level */
    assert_string_equal(audio->formats[1].name, "G722");     /* G722/8000/1 */
    assert_int_equal(audio->formats[1].channels, 1);
    assert_int_equal(video->ext[RTP_EXT_PLAYOUT_DELAY].id, 6);
    assert_int_equal(video->ext[RTP_EXT_PLAYOUT_DELAY].direction, SDP_RECVONLY);
    assert_true(video->ext[RTP_EXT_PLAYOUT_DELAY].directed);
    assert_int_equal(video->ext[RTP_EXT_MID].direction, SDP_SENDRECV);
    assert_false(video->ext[RTP_EXT_MID].directed);
    sdp_destroy(sdp);
}

static void test_accepted(void **state)
{
    static const char *const texts[] = {
        HEAD,
        "v=0\n",
        "v=0",
        "\r\n\nv=0\r\n\r\ns=caf\xc3\xa9\r\n",                         /* empty lines, UTF-8 */
        HEAD "x=?\r\nb=AS:100\r\na=whatever\r\na=\r\na=:\r\na=mid:q", /* unknown lines, attributes out of place */
        HEAD AUDIO "a=rtpmap:96 VP8/90000\r\na=rtpmap:999 a\r\na=fmtp:97 apt=96\r\na=rtcp-fb:1 x\r\n", /* stripped */
        HEAD AUDIO "a=fmtp:111 a=1\r\na=fmtp:111 b=2\r\na=fmtp:111\r\n",
        HEAD AUDIO "a=fmtp:111 \ra=1\r\r\n",
        HEAD AUDIO "a=fingerprint:sha-1 00:01\r\n", /* ignored here, refused by negotiation */
        HEAD AUDIO "a=extmap:4096 urn:x\r\na=extmap:1/recvonly urn:y z\r\n",
        HEAD AUDIO "a=mid:0123456789abcdef\r\na=setup:holdconn\r\n",
        HEAD "a=group:BUNDLE a b a zz\r\na=group:LS a\r\n" AUDIO "a=mid:a\r\n",
        HEAD "m=application 9/2 UDP/DTLS/SCTP webrtc-datachannel\r\n",
        HEAD "m=audio 0 RTP/AVP 0 0 0\r\n",
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct sdp *sdp;
        const char *why;
        if (sdp_parse(texts[i], strlen(texts[i]), &sdp, &why))
            print_error("%s\nis refused: %s\n", texts[i], why);
        assert_non_null(sdp);
        sdp_destroy(sdp);
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *why, *text;
    } cases[] = {
        {"Empty SDP", ""},
        {"Empty SDP", "\r\n\r\n"},
        {"Not an SDP: no v=0", "{}"},
        {"Not an SDP: no v=0", "s=-\r\nv=0\r\n"},
        {"Not an SDP line", HEAD "hello\r\n"},
        {"Not an SDP line", HEAD "M=audio 9 RTP/SAVPF 0\r\n"},
        {"Not an SDP line", HEAD "a\r\n"},
        {"Control character in SDP", HEAD "s=\x01\r\n"},
        {"Control character in SDP", HEAD "s=\t\r\n"},
        {"Control character in SDP", HEAD "s=\x7f\r\n"},
        {"Bad port in m=", HEAD "m=audio\r\n"},
        {"Bad port in m=", HEAD "m=audio 65536 RTP/SAVPF 0\r\n"},
        {"Bad port in m=", HEAD "m=audio -1 RTP/SAVPF 0\r\n"},
        {"Bad m= line", HEAD "m=au\"dio 9 RTP/SAVPF 0\r\n"},
        {"Bad m= line", HEAD "m=0123456789012345678901234567890123 9 RTP/SAVPF 0\r\n"},
        {"Bad m= line", HEAD "m=audio 9\r\n"},
        {"Bad m= line", HEAD "m=audio 9 RTP/(SAVPF) 0\r\n"},
        {"No format in m=", HEAD "m=audio 9 RTP/SAVPF\r\n"},
        {"Bad format in m=", HEAD "m=application 9 UDP/DTLS/SCTP \xc3\xa9\r\n"},
        {"Bad payload type in m=", HEAD "m=audio 9 RTP/SAVPF 128\r\n"},
        {"Bad payload type in m=", HEAD "m=audio 9 RTP/SAVPF x\r\n"},
        {"Bad a=rtpmap", HEAD AUDIO "a=rtpmap:111\r\n"},
        {"Bad a=rtpmap", HEAD AUDIO "a=rtpmap:111 opus\r\n"},
        {"Bad a=rtpmap", HEAD AUDIO "a=rtpmap:111 opus/99999999999\r\n"},
        {"Bad a=rtpmap", HEAD AUDIO "a=rtpmap:111 opus/48000/2/2\r\n"},
        {"Bad a=extmap", HEAD AUDIO "a=extmap:x urn:y\r\n"},
        {"Bad a=extmap", HEAD AUDIO "a=extmap:1/both urn:y\r\n"},
        {"Bad a=extmap", HEAD AUDIO "a=extmap:1\r\n"},
        {"Bad a=ssrc", HEAD AUDIO "a=ssrc:4294967296 cname:x\r\n"},
        {"Bad a=ssrc-group", HEAD AUDIO "a=ssrc-group:FID 1\r\n"},
        {"Bad a=ssrc-group", HEAD AUDIO "a=ssrc-group:FID 1 1\r\n"},
        {"Bad a=ssrc-group", HEAD AUDIO "a=ssrc-group:FID 0 1\r\n"},
        {"Bad a=mid", HEAD AUDIO "a=mid:\r\n"},
        {"Bad a=mid", HEAD AUDIO "a=mid:a b\r\n"},
        {"Bad a=mid", HEAD AUDIO "a=mid:0123456789abcdefg\r\n"},
        {"Duplicate a=mid", HEAD AUDIO "a=mid:0\r\n" AUDIO "a=mid:0\r\n"},
        {"Bad a=ice-ufrag", HEAD AUDIO "a=ice-ufrag:abc\r\n"},
        {"Bad a=ice-ufrag", HEAD AUDIO "a=ice-ufrag:abcd efgh\r\n"},
        {"Bad a=ice-ufrag", HEAD "a=ice-ufrag:ab:cd\r\n"},
        {"Bad a=ice-pwd", HEAD AUDIO "a=ice-pwd:012345678901234567890\r\n"},
        {"Bad a=ice-pwd", HEAD AUDIO "a=ice-pwd:0123456789012345678901;\r\n"},
        {"Bad a=fingerprint", HEAD AUDIO "a=fingerprint:sha-256 00:11\r\n"},
        {"Bad a=fingerprint", HEAD AUDIO "a=fingerprint:sha-224 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:"
                                         "10:11:12:13:14:15:16:17:18:19:1A:1X\r\n"},
        {"Bad a=setup", HEAD AUDIO "a=setup:\r\n"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct sdp *sdp;
        const char *why = "";
        assert_int_equal(sdp_parse(cases[i].text, strlen(cases[i].text), &sdp, &why), -EINVAL);
        assert_null(sdp);
        assert_string_equal(why, cases[i].why);
    }
}

static void test_nul_is_refused(void **state)
{
    static const char text[] = HEAD "s=a\0b\r\n";
    struct sdp *sdp;
    const char *why;
    assert_int_equal(sdp_parse(text, sizeof(text) - 1, &sdp, &why), -EINVAL);
    assert_string_equal(why, "Control character in SDP");
}

/* n times line after HEAD */
static void check_flood(const char *start, const char *line, size_t n, const char *expected)
{
    size_t start_len = strlen(start), line_len = strlen(line);
    char *text = malloc(start_len + n * line_len);
    struct sdp *sdp;
    const char *why;
    assert_non_null(text);
    memcpy(text, start, start_len);
    for (size_t i = 0; i < n; i++)
        memcpy(text + start_len + i * line_len, line, line_len);
    assert_int_equal(sdp_parse(text, start_len + n * line_len, &sdp, &why), expected ? -E2BIG : 0);
    if (expected)
        assert_string_equal(why, expected);
    sdp_destroy(sdp);
    free(text);
}

static void test_floods(void **state)
{
    check_flood(HEAD, AUDIO, SDP_SECTIONS_MAX, NULL);
    check_flood(HEAD, AUDIO, SDP_SECTIONS_MAX + 1, "Too many m= lines");
    check_flood(HEAD, "m=a 1 b c\n", 6000, "Too many m= lines");
    check_flood(HEAD, AUDIO, 5000, "SDP too long");
    check_flood(HEAD, "a=x\n", SDP_LINES_MAX - 4, NULL);
    check_flood(HEAD, "a=x\n", SDP_LINES_MAX - 3, "Too many lines");
    check_flood(HEAD AUDIO, "a=ssrc:1 x\r\n", 4000, NULL);
    check_flood(HEAD "a=group:BUNDLE", " a", 30000, NULL);
    check_flood(HEAD AUDIO "a=fmtp:111 ", ";", 60000, NULL);
}

static void test_format_limit(void **state)
{
    char line[1024] = HEAD "m=video 9 RTP/SAVPF";
    struct sdp *sdp;
    const char *why;
    for (unsigned pt = 0; pt < SDP_FORMATS_MAX; pt++)
        snprintf(line + strlen(line), sizeof(line) - strlen(line), " %u", pt);
    assert_int_equal(sdp_parse(line, strlen(line), &sdp, &why), 0);
    assert_int_equal(sdp->sections[0].n_formats, SDP_FORMATS_MAX);
    sdp_destroy(sdp);
    strcat(line, " 127");
    assert_int_equal(sdp_parse(line, strlen(line), &sdp, &why), -E2BIG);
    assert_string_equal(why, "Too many formats in m=");
}

/* The strongest hash wins, the m-line's own replaces the session's, one of an unsupported hash does not. */
static void test_fingerprints(void **state)
{
#define SHA224 "a=fingerprint:SHA-224 01" COLONS "\r\n"
#define SHA256 "a=fingerprint:sha-256 02" COLONS ":01:01:01:01\r\n"
#define COLONS ":01:01:01:01:01:01:01:01:01:01:01:01:01:01:01:01:01:01:01:01:01:01:01:01:01:01:01"
    static const struct {
        const char *text, *hash;
        bool unsupported;
    } cases[] = {
        {HEAD AUDIO SHA224 SHA256, "sha-256", false},
        {HEAD AUDIO SHA256 SHA224, "sha-256", false},
        {HEAD SHA256 AUDIO, "sha-256", false},
        {HEAD SHA256 AUDIO SHA224, "sha-224", false},
        {HEAD AUDIO "a=fingerprint:sha-1 x\r\n" SHA256, "sha-256", true},
        {HEAD SHA256 AUDIO "a=fingerprint:md5 x\r\n", "", true},
        {HEAD AUDIO, "", false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct sdp *sdp;
        const char *why;
        assert_int_equal(sdp_parse(cases[i].text, strlen(cases[i].text), &sdp, &why), 0);
        assert_string_equal(sdp->sections[0].fingerprint.hash, cases[i].hash);
        assert_int_equal(sdp->sections[0].fingerprint.unsupported, cases[i].unsupported);
        sdp_destroy(sdp);
    }
}

static void test_format_numbers(void **state)
{
    static const struct {
        const char *fmtp, *more;
        bool ok;
        uint32_t value; /* 7: as it was */
    } cases[] = {
        {"apt=96", NULL, true, 96},         {" APT=96 ", NULL, true, 96},  {"x=1;apt=96;apt=97", NULL, true, 96},
        {"x;; ; apt=5;", NULL, true, 5},    {"xapt=5;apt", NULL, true, 7}, {"x=1", "apt=3", true, 3},
        {"apt=", NULL, false, 7},           {"apt=128", NULL, false, 7},   {"apt=9x", NULL, false, 7},
        {"apt=4294967392", NULL, false, 7}, {"", NULL, true, 7},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct sdp_format format = {.fmtp = {cases[i].fmtp, cases[i].more}};
        uint32_t value = 7;
        assert_int_equal(sdp_format_number(&format, "apt", 10, 127, &value), cases[i].ok);
        assert_int_equal(value, cases[i].value);
    }
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chromium_camera), cmocka_unit_test(test_firefox),
        cmocka_unit_test(test_accepted),        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_nul_is_refused),  cmocka_unit_test(test_floods),
        cmocka_unit_test(test_format_limit),    cmocka_unit_test(test_fingerprints),
        cmocka_unit_test(test_format_numbers),
    };
    data_dir = argc > 1 ? argv[1] : "tests/data";
    return cmocka_run_group_tests(tests, NULL, NULL);
}
