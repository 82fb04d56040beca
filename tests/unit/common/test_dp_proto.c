/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/dp_proto.h"
#include "common/util.h"

static uint8_t msg[sizeof(struct dp_punt) + 2];

static int check_msg(size_t type, size_t head_len, size_t len)
{
    struct dp_head head = {.type = (uint16_t)type, .len = (uint16_t)head_len};
    memcpy(msg, &head, sizeof(head));
    return dp_msg_check(msg, len);
}

static int check_punt(size_t type, size_t head_len, size_t len)
{
    struct dp_head head = {.type = (uint16_t)type, .len = (uint16_t)head_len};
    memcpy(msg, &head, sizeof(head));
    return dp_punt_check(msg, len);
}

static void test_every_type(void **state)
{
    static const struct {
        enum dp_msg type;
        size_t bytes;
        const char *name;
    } types[] = {
#define X(id, type) {DP_##id, sizeof(type), #id},
        DP_MSG_LIST(X)
#undef X
    };
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        size_t bytes = types[i].bytes;
        assert_int_equal(check_msg(types[i].type, bytes, bytes), 0);
        assert_int_equal(check_msg(types[i].type, bytes - 1, bytes - 1), -EBADMSG);
        assert_int_equal(check_msg(types[i].type, bytes + 1, bytes + 1), -EBADMSG);
        assert_int_equal(check_msg(types[i].type, bytes, bytes - 1), -EBADMSG);
        assert_int_equal(check_msg(types[i].type, bytes - 1, bytes), -EBADMSG);
        assert_string_equal(dp_msg_name(types[i].type), types[i].name);
    }
}

static void test_unknown_type(void **state)
{
    assert_int_equal(check_msg(DP_MSG_NONE, sizeof(struct dp_head), sizeof(struct dp_head)), -EBADMSG);
    assert_int_equal(check_msg(DP_MSG_NONE, 0, 0), -EBADMSG);
    assert_int_equal(check_msg(DP_MSG_COUNT, sizeof(struct dp_del), sizeof(struct dp_del)), -EBADMSG);
    assert_int_equal(check_msg(0xffff, sizeof(struct dp_del), sizeof(struct dp_del)), -EBADMSG);
    for (size_t len = 0; len < sizeof(struct dp_head); len++)
        assert_int_equal(check_msg(DP_ACK, len, len), -EBADMSG);
    assert_string_equal(dp_msg_name(DP_MSG_COUNT), "?");
    assert_string_equal(dp_msg_name((enum dp_msg) - 1), "?");
}

static void test_punt(void **state)
{
    size_t head = offsetof(struct dp_punt, bytes), most = sizeof(struct dp_punt);
    assert_int_equal(check_punt(DP_MSG_NONE, head + 1, head + 1), 0);
    assert_int_equal(check_punt(DP_MSG_NONE, most, most), 0);
    assert_int_equal(check_punt(DP_MSG_NONE, head, head), -EBADMSG);
    assert_int_equal(check_punt(DP_MSG_NONE, most + 1, most + 1), -EBADMSG);
    assert_int_equal(check_punt(DP_MSG_NONE, head + 2, head + 1), -EBADMSG);
    assert_int_equal(check_punt(DP_ACK, head + 1, head + 1), -EBADMSG);
    assert_int_equal(check_punt(DP_MSG_NONE, 0, 0), -EBADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_type),
        cmocka_unit_test(test_unknown_type),
        cmocka_unit_test(test_punt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
