/* SPDX-License-Identifier: MIT */
/* addrs: candidate addresses from the configuration or the host's interfaces. */
#include "controlplane/addrs.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"

static void add(struct addrs *a, const char *text, size_t max)
{
    for (size_t i = 0; i < a->n; i++) {
        if (!strcmp(a->text[i], text))
            return;
    }
    if (a->n < max)
        snprintf(a->text[a->n++], sizeof(a->text[0]), "%s", text);
}

/* Global unicast and unique local: what another host may reach. */
static bool is_reachable6(const struct in6_addr *ip)
{
    return !IN6_IS_ADDR_LINKLOCAL(ip) && !IN6_IS_ADDR_LOOPBACK(ip) && !IN6_IS_ADDR_MULTICAST(ip) &&
           !IN6_IS_ADDR_UNSPECIFIED(ip) && !IN6_IS_ADDR_V4MAPPED(ip);
}

static void add_interface(struct addrs *a, const struct ifaddrs *ifa)
{
    const size_t max = NEGOTIATE_ADDRS_MAX - 2; /* loopback has two places */
    char text[INET6_ADDRSTRLEN];
    if (!ifa->ifa_addr || !(ifa->ifa_flags & IFF_UP) || ifa->ifa_flags & IFF_LOOPBACK)
        return;
    if (ifa->ifa_addr->sa_family == AF_INET) {
        const struct sockaddr_in *sin = (const struct sockaddr_in *)(const void *)ifa->ifa_addr;
        if (inet_ntop(AF_INET, &sin->sin_addr, text, sizeof(text)))
            add(a, text, max);
    } else if (ifa->ifa_addr->sa_family == AF_INET6) {
        const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)(const void *)ifa->ifa_addr;
        if (is_reachable6(&sin6->sin6_addr) && inet_ntop(AF_INET6, &sin6->sin6_addr, text, sizeof(text)))
            add(a, text, max);
    }
}

static void add_host(struct addrs *a)
{
    struct ifaddrs *list;
    if (getifaddrs(&list)) {
        LOG_RL(ERROR, ICE, "cannot list the host's addresses error=%s", strerror(errno));
        return;
    }
    for (const struct ifaddrs *ifa = list; ifa; ifa = ifa->ifa_next)
        add_interface(a, ifa);
    freeifaddrs(list);
}

void addrs_gather(struct addrs *a, const struct conf_list *announce)
{
    a->n = 0;
    for (size_t i = 0; i < announce->n; i++)
        add(a, announce->items[i], NEGOTIATE_ADDRS_MAX);
    if (a->n)
        return;
    add_host(a);
    add(a, "127.0.0.1", NEGOTIATE_ADDRS_MAX);
    add(a, "::1", NEGOTIATE_ADDRS_MAX);
}
