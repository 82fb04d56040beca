/* SPDX-License-Identifier: MIT */
/* A device with offloads, RSS and flow rules, as no virtual one has them: the answers of a ring device are improved on
 * their way, and what is asked of it is written down. */
#include "tests/pipeline/fixture.h"

#include <errno.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_flow.h>

#include "common/log.h"
#include "dataplane/port.h"

#define QUEUES    2
#define RING_SIZE 64
#define RULES_MAX 8
#define UDP_PORT  31001
#define CHECKSUMS (RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM)

static struct {
    /* what it can */
    uint64_t offloads, rss;
    int rules_max;
    /* what it was asked */
    uint64_t port_offloads, queue_offloads;
    enum rte_eth_rx_mq_mode mq_mode;
    uint16_t n_rxd, n_txd;
    int n_rules;
    struct {
        enum rte_flow_item_type ip;
        uint16_t udp_port, queue;
    } rules[RULES_MAX];
} device;

int __real_rte_eth_dev_info_get(uint16_t id, struct rte_eth_dev_info *info);
int __wrap_rte_eth_dev_info_get(uint16_t id, struct rte_eth_dev_info *info);
int __wrap_rte_eth_dev_info_get(uint16_t id, struct rte_eth_dev_info *info)
{
    int ret = __real_rte_eth_dev_info_get(id, info);
    info->tx_offload_capa |= device.offloads;
    info->flow_type_rss_offloads = device.rss;
    return ret;
}

int __real_rte_eth_dev_configure(uint16_t id, uint16_t rx, uint16_t tx, const struct rte_eth_conf *conf);
int __wrap_rte_eth_dev_configure(uint16_t id, uint16_t rx, uint16_t tx, const struct rte_eth_conf *conf);
int __wrap_rte_eth_dev_configure(uint16_t id, uint16_t rx, uint16_t tx, const struct rte_eth_conf *conf)
{
    static const struct rte_eth_conf plain;
    device.port_offloads = conf->txmode.offloads;
    device.mq_mode = conf->rxmode.mq_mode;
    return __real_rte_eth_dev_configure(id, rx, tx, &plain);
}

int __real_rte_eth_rx_queue_setup(uint16_t id, uint16_t queue, uint16_t n, unsigned node,
                                  const struct rte_eth_rxconf *conf, struct rte_mempool *pool);
int __wrap_rte_eth_rx_queue_setup(uint16_t id, uint16_t queue, uint16_t n, unsigned node,
                                  const struct rte_eth_rxconf *conf, struct rte_mempool *pool);
int __wrap_rte_eth_rx_queue_setup(uint16_t id, uint16_t queue, uint16_t n, unsigned node,
                                  const struct rte_eth_rxconf *conf, struct rte_mempool *pool)
{
    device.n_rxd = n;
    return __real_rte_eth_rx_queue_setup(id, queue, n, node, conf, pool);
}

int __real_rte_eth_tx_queue_setup(uint16_t id, uint16_t queue, uint16_t n, unsigned node,
                                  const struct rte_eth_txconf *conf);
int __wrap_rte_eth_tx_queue_setup(uint16_t id, uint16_t queue, uint16_t n, unsigned node,
                                  const struct rte_eth_txconf *conf);
int __wrap_rte_eth_tx_queue_setup(uint16_t id, uint16_t queue, uint16_t n, unsigned node,
                                  const struct rte_eth_txconf *conf)
{
    device.n_txd = n;
    device.queue_offloads = conf->offloads;
    return __real_rte_eth_tx_queue_setup(id, queue, n, node, NULL);
}

struct rte_flow *__wrap_rte_flow_create(uint16_t id, const struct rte_flow_attr *attr,
                                        const struct rte_flow_item pattern[], const struct rte_flow_action actions[],
                                        struct rte_flow_error *why);
struct rte_flow *__wrap_rte_flow_create(uint16_t id, const struct rte_flow_attr *attr,
                                        const struct rte_flow_item pattern[], const struct rte_flow_action actions[],
                                        struct rte_flow_error *why)
{
    const struct rte_flow_item_udp *udp = pattern[2].spec, *mask = pattern[2].mask;
    const struct rte_flow_action_queue *queue = actions[0].conf;

    assert_true(attr->ingress && pattern[0].type == RTE_FLOW_ITEM_TYPE_ETH &&
                pattern[2].type == RTE_FLOW_ITEM_TYPE_UDP && pattern[3].type == RTE_FLOW_ITEM_TYPE_END);
    assert_true(actions[0].type == RTE_FLOW_ACTION_TYPE_QUEUE && actions[1].type == RTE_FLOW_ACTION_TYPE_END);
    assert_int_equal(mask->hdr.dst_port, 0xffff);
    if (device.n_rules == device.rules_max) {
        why->message = "no more";
        rte_errno = ENOSPC;
        return NULL;
    }
    device.rules[device.n_rules].ip = pattern[1].type;
    device.rules[device.n_rules].udp_port = rte_be_to_cpu_16(udp->hdr.dst_port);
    device.rules[device.n_rules++].queue = queue->index;
    return (struct rte_flow *)&device;
}

int __wrap_rte_flow_flush(uint16_t id, struct rte_flow_error *why);
int __wrap_rte_flow_flush(uint16_t id, struct rte_flow_error *why)
{
    device.n_rules = 0;
    return 0;
}

/* ---- The device ---- */

static struct rte_ring *rings[QUEUES];
static struct rte_mempool *rx_pools[QUEUES], *tx_pools[QUEUES];
static char said[1024];

static void on_line(void *arg, const char *line, size_t len)
{
    if (strstr(line, "DPDK port="))
        snprintf(said, sizeof(said), "%.*s", (int)len, line);
}

static struct port *open_port(enum conf_steering steering, const char **err)
{
    static unsigned count;
    char name[32];

    snprintf(name, sizeof(name), "offload%u", count++);
    int id = rte_eth_from_rings(name, rings, QUEUES, rings, QUEUES, 0);
    assert_true(id >= 0);
    struct port_eth_conf conf = {.n_queues = QUEUES,
                                 .n_rxd = 512,
                                 .n_txd = 256,
                                 .rx_pools = rx_pools,
                                 .tx_pools = tx_pools,
                                 .steering = steering,
                                 .media_port = UDP_PORT};
    said[0] = '\0';
    log_set_sink(on_line, NULL);
    struct port *port = port_eth_create((uint16_t)id, &conf, err);
    log_set_sink(NULL, NULL);
    if (!port)
        rte_eth_dev_close((uint16_t)id);
    return port;
}

static int set_up(void **state)
{
    for (int i = 0; i < QUEUES; i++) {
        char name[32];
        snprintf(name, sizeof(name), "wire%d", i);
        rings[i] = rte_ring_create(name, RING_SIZE, SOCKET_ID_ANY, 0);
        snprintf(name, sizeof(name), "rx%d", i);
        rx_pools[i] = pkt_pool_create(name, 63, 0, SOCKET_ID_ANY);
        snprintf(name, sizeof(name), "tx%d", i);
        tx_pools[i] = pkt_pool_create(name, 63, 0, SOCKET_ID_ANY);
        if (!rings[i] || !rx_pools[i] || !tx_pools[i])
            return -1;
    }
    return 0;
}

static int tear_down(void **state)
{
    for (int i = 0; i < QUEUES; i++) {
        rte_ring_free(rings[i]);
        rte_mempool_free(rx_pools[i]);
        rte_mempool_free(tx_pools[i]);
    }
    return 0;
}

/* ---- Tests ---- */

static void test_steering(void **state)
{
    static const struct {
        const char *name;
        enum conf_steering want;
        bool rss;
        int rules_max, rules;
        const char *live, *error; /* NULL: none */
    } cases[] = {
        {"all it has", CONF_STEERING_AUTO, true, RULES_MAX, 4, "flow", NULL},
        {"rules do not all fit", CONF_STEERING_AUTO, true, 3, 0, "rss", NULL},
        {"no rules", CONF_STEERING_AUTO, true, 0, 0, "rss", NULL},
        {"neither", CONF_STEERING_AUTO, false, 0, 0, "none", NULL},
        {"flow", CONF_STEERING_FLOW, false, RULES_MAX, 4, "flow", NULL},
        {"flow, refused", CONF_STEERING_FLOW, true, 3, 0, NULL, "dataplane.steering=flow: the device refuses"},
        {"rss", CONF_STEERING_RSS, true, RULES_MAX, 0, "rss", NULL},
        {"rss, not there", CONF_STEERING_RSS, false, RULES_MAX, 0, NULL, "dataplane.steering=rss: the device has none"},
        {"none", CONF_STEERING_NONE, true, RULES_MAX, 0, "none", NULL},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const char *err = "";
        char live[32];
        printf("# %s\n", cases[i].name);
        memset(&device, 0, sizeof(device));
        device.rss = cases[i].rss ? RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP | RTE_ETH_RSS_TCP : 0;
        device.rules_max = cases[i].rules_max;
        struct port *port = open_port(cases[i].want, &err);
        assert_int_equal(port != NULL, cases[i].error == NULL);
        assert_int_equal(device.n_rules, cases[i].rules);
        for (int r = 0; r < device.n_rules; r++) {
            assert_int_equal(device.rules[r].ip, r % 2 ? RTE_FLOW_ITEM_TYPE_IPV6 : RTE_FLOW_ITEM_TYPE_IPV4);
            assert_int_equal(device.rules[r].udp_port, UDP_PORT + r / 2);
            assert_int_equal(device.rules[r].queue, r / 2);
        }
        if (!port) {
            assert_non_null(strstr(err, cases[i].error));
            continue;
        }
        snprintf(live, sizeof(live), "steering=\"%s\"", cases[i].live);
        assert_non_null(strstr(said, live));
        assert_int_equal(device.mq_mode == RTE_ETH_MQ_RX_RSS, cases[i].rss && cases[i].want != CONF_STEERING_NONE);
        assert_int_equal(device.n_rxd, 512);
        assert_int_equal(device.n_txd, 256);
        port->ops->destroy(port);
    }
}

static struct rte_mbuf *make_frame(struct rte_mempool *pool, bool v6)
{
    struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
    uint16_t l3_len = v6 ? sizeof(struct rte_ipv6_hdr) : sizeof(struct rte_ipv4_hdr);
    uint8_t *frame = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)(RTE_ETHER_HDR_LEN + l3_len + 8 + 5));
    uint8_t *l3 = frame + RTE_ETHER_HDR_LEN;

    memset(frame, 0x5a, m->data_len);
    if (v6)
        *(struct rte_ipv6_hdr *)l3 = (struct rte_ipv6_hdr){
            .vtc_flow = RTE_BE32(6u << 28), .payload_len = RTE_BE16(13), .proto = IPPROTO_UDP, .src_addr = {1}};
    else
        *(struct rte_ipv4_hdr *)l3 = (struct rte_ipv4_hdr){.version_ihl = RTE_IPV4_VHL_DEF,
                                                           .total_length = RTE_BE16(33),
                                                           .next_proto_id = IPPROTO_UDP,
                                                           .hdr_checksum = 0x7777,
                                                           .src_addr = 1};
    *(struct rte_udp_hdr *)(l3 + l3_len) = (struct rte_udp_hdr){.dgram_len = RTE_BE16(13)};
    return m;
}

/* As the device completes it: the sum over the datagram, which begins with the pseudo header's, is right. */
static void check_completed(struct rte_mbuf *m, bool v6)
{
    uint8_t *l3 = rte_pktmbuf_mtod_offset(m, uint8_t *, m->l2_len);
    struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(l3 + m->l3_len);
    uint16_t completed = (uint16_t)~rte_raw_cksum(udp, 13);

    assert_int_equal(m->l2_len, RTE_ETHER_HDR_LEN);
    assert_int_equal(m->l3_len, v6 ? 40 : 20);
    assert_int_equal(m->ol_flags & (RTE_MBUF_F_TX_UDP_CKSUM | RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IPV6),
                     RTE_MBUF_F_TX_UDP_CKSUM | (v6 ? RTE_MBUF_F_TX_IPV6 : RTE_MBUF_F_TX_IPV4));
    udp->dgram_cksum = 0;
    if (v6) {
        assert_int_equal(completed, rte_ipv6_udptcp_cksum((struct rte_ipv6_hdr *)l3, udp));
        return;
    }
    assert_true(m->ol_flags & RTE_MBUF_F_TX_IP_CKSUM);
    assert_int_equal(((struct rte_ipv4_hdr *)l3)->hdr_checksum, 0);
    assert_int_equal(completed, rte_ipv4_udptcp_cksum((struct rte_ipv4_hdr *)l3, udp));
}

static void test_checksum(void **state)
{
    const char *err = "";
    struct rte_mbuf *m[3], *sent[3];

    memset(&device, 0, sizeof(device));
    device.offloads = RTE_ETH_TX_OFFLOAD_UDP_CKSUM; /* half of it is none */
    struct port *port = open_port(CONF_STEERING_AUTO, &err);
    assert_true(port && port->checksum && device.port_offloads == 0 && device.queue_offloads == 0);
    port->ops->destroy(port);
    device.offloads = CHECKSUMS;
    port = open_port(CONF_STEERING_AUTO, &err);
    assert_true(port && !port->checksum);
    assert_int_equal(device.port_offloads, CHECKSUMS);
    assert_int_equal(device.queue_offloads, CHECKSUMS);
    for (int v6 = 0; v6 < 2; v6++)
        m[v6] = make_frame(rx_pools[0], v6);
    m[2] = rte_pktmbuf_alloc(rx_pools[0]);
    memset(rte_pktmbuf_append(m[2], 42), 0, 42); /* ARP is left alone */
    assert_int_equal(port->ops->tx_burst(port, 1, m, 3), 3);
    assert_int_equal(rte_ring_dequeue_bulk(rings[1], (void **)sent, 3, NULL), 3);
    check_completed(sent[0], false);
    check_completed(sent[1], true);
    assert_int_equal(sent[2]->ol_flags, 0);
    rte_pktmbuf_free_bulk(sent, 3);
    port->ops->destroy(port);
}

/* Every mbuf that the device gets is the only one of its packet, and of its queue's pool. */
static void test_fast_free(void **state)
{
    const char *err = "";
    struct rte_mbuf *m[3], *sent[3], *all[63];

    memset(&device, 0, sizeof(device));
    device.offloads = CHECKSUMS | RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
    struct port *port = open_port(CONF_STEERING_AUTO, &err);
    assert_non_null(port);
    assert_int_equal(device.queue_offloads, device.offloads);
    m[0] = make_frame(tx_pools[1], false);
    m[1] = make_frame(rx_pools[1], true);  /* an answer in place */
    m[2] = make_frame(tx_pools[0], false); /* another worker's */
    assert_int_equal(port->ops->tx_burst(port, 1, m, 3), 3);
    assert_int_equal(rte_mempool_avail_count(rx_pools[1]), 63);
    assert_int_equal(rte_mempool_avail_count(tx_pools[0]), 63);
    assert_int_equal(rte_ring_dequeue_bulk(rings[1], (void **)sent, 3, NULL), 3);
    for (int i = 0; i < 3; i++) {
        assert_ptr_equal(sent[i]->pool, tx_pools[1]);
        check_completed(sent[i], i == 1);
    }
    rte_pktmbuf_free_bulk(sent, 3);
    assert_int_equal(rte_pktmbuf_alloc_bulk(tx_pools[1], all, 63), 0); /* nothing to copy into: not taken */
    m[0] = all[0];
    m[1] = make_frame(rx_pools[1], false);
    rte_pktmbuf_append(m[0], 60);
    assert_int_equal(port->ops->tx_burst(port, 1, m, 2), 1);
    assert_int_equal(rte_ring_dequeue_bulk(rings[1], (void **)sent, 1, NULL), 1);
    rte_pktmbuf_free(m[1]);
    rte_pktmbuf_free_bulk(all, 63);
    port->ops->destroy(port);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_steering), cmocka_unit_test(test_checksum),
                                       cmocka_unit_test(test_fast_free)};

    if (fixture_start_eal(NULL) != 0)
        return 1;
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
