/* SPDX-License-Identifier: MIT */
/* sources: who counts as the same address, and that counts end as they began. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "common/util.h"
#include "controlplane/sources.h"

static struct source_key key_of(const char *text)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = 1234};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = 5678, .sin6_scope_id = 9};
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        return source_key_of((struct sockaddr *)&v4);
    assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
    return source_key_of((struct sockaddr *)&v6);
}

static void test_keys(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } cases[] = {
        {"192.0.2.1", "192.0.2.1", true},
        {"192.0.2.1", "192.0.2.2", false},
        {"192.0.2.1", "::ffff:192.0.2.1", true}, /* as a socket of both families tells it */
        {"::ffff:192.0.2.1", "::ffff:192.0.2.2", false},
        {"2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", true},
        {"2001:db8:1:2::1", "2001:db8:1:3::1", false},
        {"::1", "::ffff:127.0.0.1", false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct source_key a = key_of(cases[i].a), b = key_of(cases[i].b);
        assert_int_equal(memcmp(&a, &b, sizeof(a)) == 0, cases[i].same);
    }
}

static void test_counts(void **state)
{
    struct sources s = {0};
    struct source_key a = key_of("192.0.2.1"), b = key_of("2001:db8::1");

    for (uint32_t n = 0; n < 3; n++) {
        assert_int_equal(sources_count(&s, &a), n);
        sources_add(&s, &a);
    }
    sources_add(&s, &b);
    sources_del(&s, &a);
    assert_int_equal(sources_count(&s, &a), 2);
    assert_int_equal(sources_count(&s, &b), 1);
    sources_del(&s, &a);
    sources_del(&s, &a);
    sources_del(&s, &b);
    assert_int_equal(sources_count(&s, &a), 0);
    assert_null(s.by_key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_keys), cmocka_unit_test(test_counts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
