/* SPDX-License-Identifier: MIT */
/* The SRTP backend under test: that of SRTP_BACKEND in the environment, by its word in srtp.backend; none: the best.
 * The peers' own libsrtp is started too. */
#ifndef ROOMLINE_TESTS_PIPELINE_BACKEND_H
#define ROOMLINE_TESTS_PIPELINE_BACKEND_H

#include <srtp2/srtp.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/srtp.h"

static inline int start_srtp(void)
{
    const char *word = getenv("SRTP_BACKEND");
    enum conf_srtp_backend choice = CONF_SRTP_BACKEND_AUTO;

    if (word)
        choice = strcmp(word, "libsrtp") == 0 ? CONF_SRTP_BACKEND_LIBSRTP : CONF_SRTP_BACKEND_IPSEC_MB;
    int err = srtp_global_init(choice);
    bool started = !err && strncmp(srtp_backend(), "libsrtp", 7) == 0; /* it cannot be twice */
    return err || started || srtp_init() == srtp_err_status_ok ? err : -1;
}

#endif
