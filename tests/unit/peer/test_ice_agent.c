/* SPDX-License-Identifier: MIT */
/* Two agents: checks and answers that only the right one makes, and only the right one believes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/peer/ice_agent.h"

#define PWD_A "aaaaaaaaaaaaaaaaaaaaaaaa"
#define PWD_B "bbbbbbbbbbbbbbbbbbbbbbbb"

static void test_check_is_answered(void **state)
{
    struct ice_agent a, b;
    struct dp_addr from = {.ip = {[10] = 0xff, 0xff, 127, 1, 0, 9}, .port = 31001};
    uint8_t check[256], answer[STUN_RESPONSE_MAX];
    ice_agent_init(&a, "bbbb", PWD_B, "aaaa", PWD_A, 1, 0);
    ice_agent_init(&b, "aaaa", PWD_A, "bbbb", PWD_B, 2, 0);
    int len = ice_agent_write_check(&a, check, sizeof(check), 0);
    assert_true(len > 0);
    int n = ice_agent_write_answer(&b, check, (size_t)len, &from, answer, sizeof(answer));
    assert_true(n > 0);
    assert_true(ice_agent_on_answer(&a, answer, (size_t)n, 7));
    assert_int_equal(a.answered_us, 7);
    assert_memory_equal(&a.mapped, &from, sizeof(from));
    assert_false(ice_agent_on_answer(&b, answer, (size_t)n, 7));

    assert_int_equal(ice_agent_write_answer(&a, check, (size_t)len, &from, answer, sizeof(answer)), 0);
    assert_int_equal(ice_agent_write_answer(&b, answer, (size_t)n, &from, answer, sizeof(answer)), 0);
    check[len - 20] ^= 1; /* in MESSAGE-INTEGRITY */
    assert_int_equal(ice_agent_write_answer(&b, check, (size_t)len, &from, answer, sizeof(answer)), 0);
    ice_agent_finish(&a);
    ice_agent_finish(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_check_is_answered)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
