/* SPDX-License-Identifier: MIT */
/* The nouns of media that more than one process names: kinds, codecs, RTP header extensions, SRTP profiles.
 * Each list is one X-macro, so that the enum, the SDP name and every switch stay one. */
#ifndef ROOMLINE_COMMON_MEDIA_H
#define ROOMLINE_COMMON_MEDIA_H

#include <stdint.h>

enum media_kind { MEDIA_AUDIO, MEDIA_VIDEO, MEDIA_KINDS };

/* id, SDP encoding name (RFC 8866 6.6), kind, RTP clock rate in Hz, audio channels */
#define CODEC_LIST(X)                      \
    X(OPUS, "opus", MEDIA_AUDIO, 48000, 2) \
    X(PCMU, "PCMU", MEDIA_AUDIO, 8000, 1)  \
    X(PCMA, "PCMA", MEDIA_AUDIO, 8000, 1)  \
    X(H264, "H264", MEDIA_VIDEO, 90000, 0) \
    X(VP8, "VP8", MEDIA_VIDEO, 90000, 0)   \
    X(VP9, "VP9", MEDIA_VIDEO, 90000, 0)   \
    X(AV1, "AV1", MEDIA_VIDEO, 90000, 0)

enum codec {
    CODEC_NONE,
#define X(id, name, kind, clock, channels) CODEC_##id,
    CODEC_LIST(X)
#undef X
        CODEC_COUNT
};

/* id, URI (RFC 8285), forward to subscribers as it is? (0: it describes one hop and is never forwarded) */
#define RTP_EXT_LIST(X)                                                                             \
    X(AUDIO_LEVEL, "urn:ietf:params:rtp-hdrext:ssrc-audio-level", 1)                                \
    X(ABS_SEND_TIME, "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time", 0)               \
    X(TRANSPORT_CC, "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01", 0) \
    X(MID, "urn:ietf:params:rtp-hdrext:sdes:mid", 0)                                                \
    X(TOFFSET, "urn:ietf:params:rtp-hdrext:toffset", 1)                                             \
    X(VIDEO_ORIENTATION, "urn:3gpp:video-orientation", 1)                                           \
    X(PLAYOUT_DELAY, "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay", 1)               \
    X(VIDEO_CONTENT_TYPE, "http://www.webrtc.org/experiments/rtp-hdrext/video-content-type", 1)     \
    X(COLOR_SPACE, "http://www.webrtc.org/experiments/rtp-hdrext/color-space", 1)                   \
    X(DEPENDENCY_DESCRIPTOR,                                                                        \
      "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension", 1)

enum rtp_ext {
#define X(id, uri, forwarded) RTP_EXT_##id,
    RTP_EXT_LIST(X)
#undef X
        RTP_EXT_COUNT
};

/* id, OpenSSL name, DTLS-SRTP protection profile (RFC 5764 4.1.2, RFC 7714 14.2), key bytes, salt bytes, tag bytes */
#define SRTP_PROFILE_LIST(X)                                                 \
    X(AES_CM_128_HMAC_SHA1_80, "SRTP_AES128_CM_SHA1_80", 0x0001, 16, 14, 10) \
    X(AEAD_AES_128_GCM, "SRTP_AEAD_AES_128_GCM", 0x0007, 16, 12, 16)         \
    X(AEAD_AES_256_GCM, "SRTP_AEAD_AES_256_GCM", 0x0008, 32, 12, 16)

enum srtp_profile {
    SRTP_PROFILE_NONE,
#define X(id, name, wire, key, salt, tag) SRTP_PROFILE_##id,
    SRTP_PROFILE_LIST(X)
#undef X
        SRTP_PROFILE_COUNT
};

#define SRTP_KEY_BYTES_MAX  32
#define SRTP_SALT_BYTES_MAX 14
#define SRTP_TAG_BYTES_MAX  16

#endif
