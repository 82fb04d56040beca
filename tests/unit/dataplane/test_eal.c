/* SPDX-License-Identifier: MIT */
/* EAL arguments: hugepages or not, floating or pinned, which device. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "common/util.h"
#include "dataplane/eal.h"
#include "dataplane/xdp.h"

static const struct {
    const char *key[4], *value[4]; /* settings */
    uint64_t hugepages;
    const char *has[6], *lacks[4];
} cases[] = {
    {.has = {"--lcores=0@(0-3),1@(0-3)", "--main-lcore=0", "--no-huge", "--no-pci", "--file-prefix=roomline"},
     .lacks = {"--in-memory", "--vdev="}},
    {.key = {"workers.count", "workers.cores"}, .value = {"2", "3 1"}, .has = {"--lcores=0@(0,2),1@3,2@1"}},
    {.key = {"workers.count", "workers.cores"},
     .value = {"4", "0 1 2 3"},
     .has = {"--lcores=0@(0-3),1@0,2@1,3@2,4@3"}}, /* none is left */
    {.hugepages = UINT64_C(1) << 33,
     .has = {"--in-memory", "--single-file-segments", "--iova-mode=va"},
     .lacks = {"--no-huge"}},
    {.hugepages = 2 << 20, .has = {"--no-huge"}, .lacks = {"--in-memory"}},
    {.key = {"dataplane.port"},
     .value = {"net_memif0,role=server,socket=/x"},
     .has = {"--vdev=net_memif0,role=server,socket=/x", "--no-pci"}},
    {.key = {"dataplane.port", "dataplane.eal"},
     .value = {"net_tap0", "--vdev=net_tap0,iface=t0 --log-level=7"},
     .has = {"--vdev=net_tap0,iface=t0", "--log-level=7"},
     .lacks = {"--vdev=net_tap0"}},
    {.key = {"dataplane.port", "dataplane.eal"},
     .value = {"net_tap1", "--vdev=net_tap10,iface=t10"},
     .has = {"--vdev=net_tap1", "--vdev=net_tap10,iface=t10"}},
    {.key = {"dataplane.port", "dataplane.eal"},
     .value = {"net_tap0", "--vdev net_tap0,iface=t0"},
     .has = {"--vdev", "net_tap0,iface=t0"},
     .lacks = {"--vdev=net_tap0"}},
    {.key = {"dataplane.port"},
     .value = {"0000:3b:00.1"},
     .has = {"--allow=0000:3b:00.1"},
     .lacks = {"--no-pci", "--vdev="}},
    {.key = {"dataplane.port"},
     .value = {"3b:00.1,arg=1"},
     .has = {"--allow=3b:00.1,arg=1"},
     .lacks = {"--no-pci", "--vdev="}},
};

static bool has(const struct eal_args *args, const char *text)
{
    for (int i = 0; i < args->n; i++)
        if (strcmp(args->v[i], text) == 0)
            return true;
    return false;
}

/* "--vdev=": any argument that begins so. */
static bool has_like(const struct eal_args *args, const char *text)
{
    size_t len = strlen(text);
    for (int i = 0; i < args->n; i++)
        if (text[len - 1] == '=' ? strncmp(args->v[i], text, len) == 0 : strcmp(args->v[i], text) == 0)
            return true;
    return false;
}

static void test_args(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct eal_host host = {.free_hugepage_bytes = cases[i].hugepages, .cpus = "0-3"};
        struct eal_args args;
        struct conf conf;
        char err[CONF_ERR_BYTES];

        conf_defaults(&conf);
        for (int k = 0; k < 4 && cases[i].key[k]; k++)
            assert_int_equal(conf_set(&conf, cases[i].key[k], cases[i].value[k], err, sizeof(err)), 0);
        assert_int_equal(eal_args_make(&args, &conf, &host), 0);
        for (int k = 0; k < 6 && cases[i].has[k]; k++)
            if (!has(&args, cases[i].has[k]))
                fail_msg("case %zu: %s is missing", i, cases[i].has[k]);
        for (int k = 0; k < 4 && cases[i].lacks[k]; k++)
            if (has_like(&args, cases[i].lacks[k]))
                fail_msg("case %zu: %s is there", i, cases[i].lacks[k]);
        assert_null(args.v[args.n]);
        eal_args_finish(&args);
        conf_finish(&conf);
    }
}

/* A device per channel of each interface; and none that is called xdp or auto. */
static void test_xdp(void **state)
{
    static const struct xdp xdp = {
        .n = 2,
        .interfaces = {{.name = "eth0", .n_channels = 2, .zero_copy = true}, {.name = "lo", .n_channels = 1}},
        .program_fd = 5};
    static const char *const devices[] = {
        "--vdev=net_af_xdp0_0,iface=eth0,start_queue=0,queue_count=1,xdp_prog=/proc/self/fd/5",
        "--vdev=net_af_xdp0_1,iface=eth0,start_queue=1,queue_count=1,xdp_prog=/proc/self/fd/5",
        "--vdev=net_af_xdp1_0,iface=lo,start_queue=0,queue_count=1,xdp_prog=/proc/self/fd/5,busy_budget=0"};
    static const char *const ports[] = {"xdp", "auto"};
    char err[CONF_ERR_BYTES];

    for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
        struct eal_host host = {.cpus = "0", .xdp = &xdp}, fallen_back = {.cpus = "0"};
        struct eal_args args;
        struct conf conf;
        conf_defaults(&conf);
        assert_int_equal(conf_set(&conf, "dataplane.port", ports[i], err, sizeof(err)), 0);
        assert_int_equal(eal_args_make(&args, &conf, &host), 0);
        for (size_t k = 0; k < ARRAY_SIZE(devices); k++)
            assert_true(has(&args, devices[k]));
        assert_true(has(&args, "--no-pci"));
        eal_args_finish(&args);
        assert_int_equal(eal_args_make(&args, &conf, &fallen_back), 0);
        assert_false(has_like(&args, "--vdev="));
        eal_args_finish(&args);
        conf_finish(&conf);
    }
}

/* What each worker serves, and memory for it on top of what is configured. */
static void test_xdp_channels(void **state)
{
    static const struct xdp xdp = {.n = 2, .interfaces = {{.n_channels = 4}, {.n_channels = 1}}};
    static const struct {
        uint16_t worker, n_workers;
        uint32_t channels;
    } shares[] = {{0, 1, 5}, {0, 3, 3}, {1, 3, 1}, {2, 3, 1}, {0, 4, 2}, {3, 4, 1}, {0, 8, 2}, {4, 8, 0}, {7, 8, 0}};
    struct conf conf;

    for (size_t i = 0; i < ARRAY_SIZE(shares); i++)
        assert_int_equal(xdp_channels_of(&xdp, shares[i].worker, shares[i].n_workers), shares[i].channels);
    assert_int_equal(xdp_channels_of(NULL, 0, 1), 0);
    conf_defaults(&conf);
    assert_in_range(eal_memory_mb(&conf, &xdp) - eal_memory_mb(&conf, NULL), 40, 60); /* 5 * 4096 * 2.5 KB */
    conf_finish(&conf);
}

/* As DPDK calls the device. */
static void test_port_name(void **state)
{
    static const char *const names[][2] = {{"net_memif0,role=server,socket=/x", "net_memif0"},
                                           {"net_null0", "net_null0"},
                                           {"3b:00.1,arg=1", "0000:3b:00.1"},
                                           {"0001:3b:00.1", "0001:3b:00.1"}};
    char name[64], err[CONF_ERR_BYTES];

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct conf conf;
        conf_defaults(&conf);
        assert_int_equal(conf_set(&conf, "dataplane.port", names[i][0], err, sizeof(err)), 0);
        eal_port_name(&conf, name, sizeof(name));
        assert_string_equal(name, names[i][1]);
        conf_finish(&conf);
    }
}

/* More than fit: refused, not cut. */
static void test_too_many(void **state)
{
    struct eal_host host = {.cpus = "0"};
    struct eal_args args;
    struct conf conf;
    char err[CONF_ERR_BYTES], many[EAL_ARGS_MAX * 2 + 1] = {0};

    for (int i = 0; i < EAL_ARGS_MAX; i++)
        memcpy(many + 2 * i, "x ", 2);
    conf_defaults(&conf);
    assert_int_equal(conf_set(&conf, "dataplane.eal", many, err, sizeof(err)), 0);
    assert_true(eal_args_make(&args, &conf, &host) < 0);
    eal_args_finish(&args);
    conf_finish(&conf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_args), cmocka_unit_test(test_xdp),
                                       cmocka_unit_test(test_xdp_channels), cmocka_unit_test(test_port_name),
                                       cmocka_unit_test(test_too_many)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
