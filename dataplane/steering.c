/* SPDX-License-Identifier: MIT */
/* rte_flow and RSS. */
#include "dataplane/steering.h"

#include <errno.h>
#include <rte_flow.h>

enum steering steering_set_rss(struct rte_eth_conf *conf, const struct rte_eth_dev_info *info, enum conf_steering want)
{
    uint64_t hash = info->flow_type_rss_offloads & (RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP);

    if (hash == 0 || want == CONF_STEERING_NONE)
        return STEERING_NONE;
    conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
    conf->rx_adv_conf.rss_conf.rss_hf = hash;
    return STEERING_RSS;
}

static int add_rule(uint16_t ethdev, enum rte_flow_item_type ip, uint16_t udp_port, uint16_t queue, const char **err)
{
    static const struct rte_flow_attr ingress = {.ingress = 1};
    static const struct rte_flow_item_udp mask = {.hdr.dst_port = RTE_BE16(0xffff)};
    struct rte_flow_item_udp udp = {.hdr.dst_port = rte_cpu_to_be_16(udp_port)};
    struct rte_flow_item pattern[] = {{.type = RTE_FLOW_ITEM_TYPE_ETH},
                                      {.type = ip},
                                      {.type = RTE_FLOW_ITEM_TYPE_UDP, .spec = &udp, .mask = &mask},
                                      {.type = RTE_FLOW_ITEM_TYPE_END}};
    struct rte_flow_action_queue to = {.index = queue};
    struct rte_flow_action actions[] = {{.type = RTE_FLOW_ACTION_TYPE_QUEUE, .conf = &to},
                                        {.type = RTE_FLOW_ACTION_TYPE_END}};
    struct rte_flow_error why = {0};

    if (rte_flow_create(ethdev, &ingress, pattern, actions, &why))
        return 0;
    *err = why.message ? why.message : rte_strerror(rte_errno);
    return rte_errno ? -rte_errno : -ENOTSUP;
}

int steering_add_rules(uint16_t ethdev, uint16_t n_queues, uint16_t first_port, const char **err)
{
    int ret = 0;

    for (uint16_t q = 0; q < n_queues && ret == 0; q++) {
        uint16_t udp_port = (uint16_t)(first_port + q);
        ret = add_rule(ethdev, RTE_FLOW_ITEM_TYPE_IPV4, udp_port, q, err);
        if (ret == 0)
            ret = add_rule(ethdev, RTE_FLOW_ITEM_TYPE_IPV6, udp_port, q, err);
    }
    if (ret)
        rte_flow_flush(ethdev, NULL);
    return ret;
}

const char *steering_name(enum steering s)
{
    static const char *const names[] = {[STEERING_NONE] = "none", [STEERING_RSS] = "rss", [STEERING_FLOW] = "flow"};
    return names[s];
}
