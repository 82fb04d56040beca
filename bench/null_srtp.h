/* SPDX-License-Identifier: MIT */
/* What is left of SRTP in null_srtp.c. */
#ifndef ROOMLINE_BENCH_NULL_SRTP_H
#define ROOMLINE_BENCH_NULL_SRTP_H

#include <stdint.h>

#define NULL_SRTP_TAG 16 /* as GCM's */

/* The program's: NULL_SRTP_TAG, then protect moves payloads and writes tags as a cipher does; or 0, then it leaves them
 * alone. */
extern const uint16_t null_srtp_tag;

#endif
