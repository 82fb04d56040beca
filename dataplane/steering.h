/* SPDX-License-Identifier: MIT */
/* How a device brings packets to the queue of their worker. A worker has its own UDP port, so two rules per worker are
 * all it takes; RSS spreads flows by their addresses and ports, and what comes to another's queue is handed over. */
#ifndef ROOMLINE_DATAPLANE_STEERING_H
#define ROOMLINE_DATAPLANE_STEERING_H

#include <rte_ethdev.h>
#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"

enum steering { STEERING_NONE, STEERING_RSS, STEERING_FLOW };

/* Before the device is configured: turns RSS on, if it has it and want asks for it. */
enum steering steering_set_rss(struct rte_eth_conf *conf, const struct rte_eth_dev_info *info, enum conf_steering want);

/* After its start: UDP to first_port + i, IPv4 and IPv6, goes to queue i. 0, or -errno with *err: no rule is left. */
int steering_add_rules(uint16_t ethdev, uint16_t n_queues, uint16_t first_port, const char **err);

const char *steering_name(enum steering s); /* "flow" */

#endif
