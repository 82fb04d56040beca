/* SPDX-License-Identifier: MIT */
/* The fake DTLS and the fake dataplane of the stage: they take the places of controlplane/dtls.c and dp.c at link time.
 * A datagram's first byte says what the fake handshake does: H goes on, E is done, X fails, P wrong fingerprint,
 * C close_notify. */
#ifndef ROOMLINE_TESTS_FAKE_MEDIA_H
#define ROOMLINE_TESTS_FAKE_MEDIA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dp;
struct dtls_ctx;

/* Aborts with a message: the code under test broke a contract. */
#define CHECK(condition) check_contract((condition), #condition, __FILE__, __LINE__)
void check_contract(bool holds, const char *what, const char *file, int line);

struct dtls_ctx *fake_dtls_ctx(void);
struct dp *fake_dp_create(void);
void fake_dp_destroy(struct dp *dp);
void fake_dp_set_up(struct dp *dp, bool up);
void fake_dp_forget(struct dp *dp); /* another dataplane: nothing is installed any more */
size_t fake_dp_objects(const struct dp *dp);
bool fake_dp_has_keys(const struct dp *dp, uint64_t session);
bool fake_dp_is_tapped(const struct dp *dp, uint64_t stream);
unsigned fake_dp_session_worker(const struct dp *dp, uint64_t session);

#endif
