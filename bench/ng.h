/* SPDX-License-Identifier: MIT */
/* rtpengine's ng protocol: a cookie and a bencoded dictionary in a datagram each way. Bencoding goes by way of jansson:
 * dictionaries, lists, byte strings that are UTF-8, integers. */
#ifndef ROOMLINE_BENCH_NG_H
#define ROOMLINE_BENCH_NG_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NG_BYTES_MAX 65507 /* of UDP over IPv4 */

/* Bytes, -EINVAL: a kind that bencoding has not, or -ENOSPC. */
int ng_write(char *out, size_t size, json_t *value);

/* NULL: not one value from end to end, nested too deep, not UTF-8, or no memory. */
json_t *ng_read(const char *bytes, size_t len);

/* A socket for calls to a server of this host. -errno. */
int ng_connect(uint16_t port);

bool ng_ping(int fd);

/* Takes the request's reference. The answer, if it came in a second and its result was ok; NULL: said on stderr. */
json_t *ng_call(int fd, json_t *request);

#endif
