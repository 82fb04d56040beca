/* SPDX-License-Identifier: MIT */
/* The Internet checksum (RFC 1071), as UDP has it. */
#ifndef ROOMLINE_COMMON_CHECKSUM_H
#define ROOMLINE_COMMON_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* Of a datagram, UDP header with a checksum of 0 and payload, to be stored as it is. pseudo: the sum over the pseudo
 * header, not complemented, as its bytes lie in memory. Never 0, which says that there is none (RFC 768). */
uint16_t checksum_udp(const void *datagram, size_t len, uint16_t pseudo);

#endif
