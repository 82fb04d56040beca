/* SPDX-License-Identifier: MIT */
/* worker path */
/* Sums of 16-bit words may be taken in any wider words and folded at the end (RFC 1071 2): here four of 64 bits, whose
 * halves gather in lanes of their own, so that no carry is lost. */
#include "common/checksum.h"

#include <string.h>

typedef uint64_t lanes __attribute__((vector_size(32)));

#define HALF UINT64_C(0xffffffff)

static uint16_t fold(uint64_t sum)
{
    sum = (sum & HALF) + (sum >> 32);
    sum = (sum & HALF) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

#if defined(__x86_64__)
__attribute__((target_clones("avx2", "default")))
#endif
static uint64_t
sum_wide(const uint8_t *p, const uint8_t *end)
{
    lanes even = {0}, odd = {0}, v;
    uint64_t rest[4] = {0};

    for (; end - p >= (ptrdiff_t)sizeof(v); p += sizeof(v)) {
        memcpy(&v, p, sizeof(v));
        even += v & HALF;
        odd += v >> 32;
    }
    memcpy(rest, p, (size_t)(end - p)); /* an odd byte is followed by 0 */
    memcpy(&v, rest, sizeof(v));
    even += v & HALF;
    odd += v >> 32;
    even += odd;
    return even[0] + even[1] + even[2] + even[3];
}

uint16_t checksum_udp(const void *datagram, size_t len, uint16_t pseudo)
{
    const uint8_t *p = datagram;
    uint16_t sum = (uint16_t)~fold(sum_wide(p, p + len) + pseudo);
    return sum ? sum : 0xffff;
}
