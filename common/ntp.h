/* SPDX-License-Identifier: MIT */
/* The fixed-point clocks of RTP and RTCP: NTP 32.32 and its middle 32 bits (RFC 3550 4), abs-send-time 6.18
 * (webrtc.org experiments). Header only. Time in: microseconds of the clock that the name tells. */
#ifndef ROOMLINE_COMMON_NTP_H
#define ROOMLINE_COMMON_NTP_H

#include <stdint.h>

#define NTP_UNIX_EPOCH_S 2208988800u /* 1900-01-01 to 1970-01-01 */

/* NTP 32.32 of a Unix time. Wraps in 2036 as NTP does. */
static inline uint64_t ntp_from_unix_us(uint64_t unix_us)
{
    uint64_t s = unix_us / 1000000 + NTP_UNIX_EPOCH_S;
    uint64_t frac = ((unix_us % 1000000) << 32) / 1000000;
    return s << 32 | frac;
}

/* Back, rounded to the nearest microsecond. Seconds below 2^31 belong to the era that starts in 2036 (RFC 4330 3). */
static inline uint64_t ntp_to_unix_us(uint64_t ntp)
{
    uint64_t s = ntp >> 32;
    if (s < UINT64_C(1) << 31)
        s += UINT64_C(1) << 32;
    return (s - NTP_UNIX_EPOCH_S) * 1000000 + (((ntp & UINT32_MAX) * 1000000 + (UINT64_C(1) << 31)) >> 32);
}

/* The 16.16 seconds that LSR and DLSR carry (RFC 3550 6.4.1). */
static inline uint32_t ntp_middle(uint64_t ntp)
{
    return (uint32_t)(ntp >> 16);
}

/* A duration as 16.16 seconds, rounded down, saturating at 65536 s. */
static inline uint32_t ntp_short_from_us(uint64_t us)
{
    if (us >= UINT64_C(65536000000))
        return UINT32_MAX;
    return (uint32_t)((us << 16) / 1000000);
}

static inline uint64_t ntp_short_to_us(uint32_t q16)
{
    return ((uint64_t)q16 * 1000000 + 0x8000) >> 16;
}

/* abs-send-time: 24 bits, seconds as 6.18, wraps every 64 s. Any clock will do: only differences are used. */
static inline uint32_t ntp_abs_send_time(uint64_t us)
{
    return (uint32_t)((((us % 64000000) << 18) + 500000) / 1000000) & 0xffffff;
}

/* a - b of two abs-send-time values, in us, for distances below 32 s. */
static inline int64_t ntp_abs_send_time_diff_us(uint32_t a, uint32_t b)
{
    int32_t diff = (int32_t)((a - b) << 8) >> 8;
    return (int64_t)diff * 1000000 / (1 << 18);
}

#endif
