/* SPDX-License-Identifier: MIT */
/* Why a packet ended here. One list gives the enum, the counter and the text; every packet that enters a worker ends as
 * sent, punted, handed over, consumed (STUN, RTCP, history) or dropped with one of these. */
#ifndef ROOMLINE_DATAPLANE_DROP_H
#define ROOMLINE_DATAPLANE_DROP_H

#define DROP_LIST(X)                                                                          \
    X(NOT_IP, "neither IPv4 nor IPv6 nor ARP")                                                \
    X(IP_MALFORMED, "IP or UDP header malformed or truncated")                                \
    X(IP_FRAGMENT, "IP fragment")                                                             \
    X(NOT_UDP, "IP protocol other than UDP and ICMP")                                         \
    X(NOT_OURS, "address or UDP port is not ours")                                            \
    X(MULTI_SEGMENT, "larger than one mbuf")                                                  \
    X(DEMUX, "first byte is of no known protocol (RFC 7983)")                                 \
    X(NO_SESSION, "media or DTLS from an address pair of no session")                         \
    X(STUN_MALFORMED, "STUN malformed")                                                       \
    X(STUN_NOT_REQUEST, "STUN other than a Binding request")                                  \
    X(STUN_NO_SESSION, "STUN USERNAME of no session")                                         \
    X(STUN_INTEGRITY, "STUN MESSAGE-INTEGRITY or FINGERPRINT wrong")                          \
    X(STUN_UNKNOWN_ATTRIBUTE, "STUN comprehension-required attribute unknown (answered 420)") \
    X(STUN_RATE, "STUN from new address pairs over the rate limit of its session")            \
    X(STUN_REFUSED, "STUN from an address pair that another live session holds")              \
    X(DTLS_RATE, "DTLS over the rate limit of its session")                                   \
    X(DTLS_OVERSIZE, "DTLS datagram larger than the punt link takes")                         \
    X(PUNT_FULL, "punt ring full")                                                            \
    X(RTP_MALFORMED, "RTP header malformed")                                                  \
    X(RTCP_MALFORMED, "RTCP malformed")                                                       \
    X(NO_KEYS, "SRTP before the DTLS handshake ended")                                        \
    X(UNKNOWN_SSRC, "RTP of an SSRC that was not negotiated")                                 \
    X(UNKNOWN_PT, "RTP of a payload type that was not negotiated")                            \
    X(OVERLOAD, "worker overloaded: the stream is shed for now")                              \
    X(REPLAY, "SRTP replayed or older than the window")                                       \
    X(AUTH, "SRTP or SRTCP authentication failed")                                            \
    X(RTX_EMPTY, "RTX without payload (padding)")                                             \
    X(RTX_DUPLICATE, "RTX of a packet that was here already")                                 \
    X(RTX_EARLY, "RTX before the first packet of its stream")                                 \
    X(FEEDBACK_SSRC, "RTCP about an SSRC that the session does not play or publish")          \
    X(NO_SUBSCRIBER, "nobody plays the stream")                                               \
    X(WAIT_KEYFRAME, "subscriber waits for a key frame")                                      \
    X(BEFORE_START, "older than the first packet that the subscriber was sent")               \
    X(SUBSCRIBER_NOT_READY, "subscriber has no keys, no address or no consent")               \
    X(OVERSIZE, "packet would exceed the path MTU")                                           \
    X(NO_MBUF, "transmit pool empty")                                                         \
    X(MAILBOX_FULL, "mailbox of another worker full")                                         \
    X(MOVING, "held for a session that moves, queue full")                                    \
    X(TX_FULL, "transmit queue full")                                                         \
    X(TX_PROTECT, "SRTP protect failed")

enum drop {
#define X(id, text) DROP_##id,
    DROP_LIST(X)
#undef X
        DROP_COUNT
};

const char *drop_name(enum drop d); /* "NO_SESSION" */
const char *drop_text(enum drop d);

#endif
