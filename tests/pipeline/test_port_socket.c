/* SPDX-License-Identifier: MIT */
/* How full the kernel's receive buffer is, as the port tells it. */
#include "fixture.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/util.h"

#define POOL           255
#define DATAGRAM_BYTES 1000
#define FLOOD          100000 /* more than any buffer holds */

static void send_many(uint16_t udp_port, uint32_t n)
{
    static const uint8_t bytes[DATAGRAM_BYTES];
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(udp_port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    while (n-- > 0)
        assert_int_equal(sendto(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&to, sizeof(to)), sizeof(bytes));
    close(fd);
}

static uint32_t receive_all(struct port *port)
{
    struct rte_mbuf *m[PKT_BURST];
    uint32_t all = 0;

    for (uint16_t n; (n = port->ops->rx_burst(port, 0, m, PKT_BURST)) > 0; all += n)
        rte_pktmbuf_free_bulk(m, n);
    return all;
}

static void test_fill(void **state)
{
    struct rte_mempool *pool = pkt_pool_create("port_socket", POOL, 0, SOCKET_ID_ANY);
    struct port *port = NULL;
    uint16_t udp_port = 30000;
    const char *err;

    while (!port && udp_port++ < 31000)
        port = port_socket_create(1, "127.0.0.1", udp_port, &pool, &err);
    assert_non_null(port);
    port = port_aside_create(port); /* asks the one behind */
    assert_int_equal(port->ops->rx_fill(port, 0), 0);
    send_many(udp_port, 20);
    int few = port->ops->rx_fill(port, 0);
    assert_in_range(few, 1, 500);
    send_many(udp_port, 20);
    assert_in_range(port->ops->rx_fill(port, 0), few + 1, 1000);
    assert_int_equal(receive_all(port), 40);
    assert_int_equal(port->ops->rx_fill(port, 0), 0);
    send_many(udp_port, FLOOD);
    assert_in_range(port->ops->rx_fill(port, 0), 950, 1000);
    port->ops->destroy(port);
    assert_int_equal(rte_mempool_avail_count(pool), POOL);
    rte_mempool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_fill)};
    return cmocka_run_group_tests(tests, fixture_start_eal, NULL);
}
