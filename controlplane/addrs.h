/* SPDX-License-Identifier: MIT */
/* The addresses that go into candidates: those the operator announces (media.announce, for a host behind 1:1 NAT), or
 * the host's own, read anew for each answer since networks come and go. */
#ifndef ROOMLINE_CONTROLPLANE_ADDRS_H
#define ROOMLINE_CONTROLPLANE_ADDRS_H

#include <netinet/in.h>
#include <stddef.h>

#include "conf/conf.h"
#include "controlplane/negotiate.h"

struct addrs {
    size_t n; /* at least 1 */
    char text[NEGOTIATE_ADDRS_MAX][INET6_ADDRSTRLEN];
};

/* announce: what to use; empty: the host's addresses, then loopback for browsers on the same host. */
void addrs_gather(struct addrs *a, const struct conf_list *announce);

#endif
