/* SPDX-License-Identifier: MIT */
/* Look-up tables under churn, and mailboxes: order, fullness, sleep. */
#include "fixture.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "common/util.h"

#define SESSIONS 16

static struct tuple_key key_of(uint32_t n)
{
    struct tuple_key key = {.remote_port = (uint16_t)n, .local_port = 7};
    memcpy(key.remote_ip, &n, sizeof(n));
    return key;
}

static struct session *find(const struct tables *t, const struct tuple_key *key, uint8_t *index)
{
    struct session *found;
    tables_find_tuples(t, &key, 1, &found, index);
    return found;
}

/* The whole pair is compared: a difference in any field is another pair. */
static void test_tuples(void **state)
{
    struct fixture *f = fixture_create();
    struct session *s = aligned_alloc(64, RTE_ALIGN_CEIL(SESSIONS * sizeof(*s), 64));
    struct tuple_key key = key_of(1);
    uint8_t index;

    for (uint8_t i = 0; i < SESSION_TUPLES_MAX; i++) {
        assert_int_equal(tables_add_tuple(&f->tables, &key, &s[i], i), 0); /* changes hands */
        assert_ptr_equal(find(&f->tables, &key, &index), &s[i]);
        assert_int_equal(index, i);
        assert_ptr_equal(tables_tuple_holder(&f->tables, &key), &s[i]);
    }
    for (size_t i = 0; i < offsetof(struct tuple_key, pad); i++) {
        struct tuple_key other = key;
        ((uint8_t *)&other)[i] ^= 1;
        assert_null(find(&f->tables, &other, &index));
    }
    tables_del_tuple(&f->tables, &key, &s[0]); /* is not its holder any more */
    assert_non_null(find(&f->tables, &key, &index));
    tables_del_tuple(&f->tables, &key, &s[SESSION_TUPLES_MAX - 1]);
    assert_null(find(&f->tables, &key, &index));
    tables_del_tuple(&f->tables, &key, &s[0]);
    free(s);
    fixture_destroy(f);
}

/* Entries come and go many times over the capacity: slots come back once the workers have been through a turn. */
static void test_churn(void **state)
{
    struct fixture *f = fixture_create();
    struct session *s = aligned_alloc(64, RTE_ALIGN_CEIL(sizeof(*s), 64));
    uint32_t max = f->conf.max_sessions * 4, live = 0;
    uint8_t index;

    for (uint32_t n = 0; n < max * 50; n++) {
        struct tuple_key key = key_of(n), old = key_of(n - max / 2);
        assert_int_equal(tables_add_tuple(&f->tables, &key, s, 3), 0);
        if (n >= max / 2)
            tables_del_tuple(&f->tables, &old, s);
        if (n % 16 == 0)
            fixture_turn(f);
    }
    for (uint32_t n = max * 50 - max / 2; n < max * 50; n++) {
        struct tuple_key key = key_of(n);
        live += find(&f->tables, &key, &index) == s;
        tables_del_tuple(&f->tables, &key, s);
    }
    assert_int_equal(live, max / 2);
    fixture_turn(f);
    for (uint32_t n = 0;; n++) { /* full is an error, not a crash */
        struct tuple_key key = key_of(n);
        int err = tables_add_tuple(&f->tables, &key, s, 0);
        assert_true(n < 100 * max);
        if (err) {
            assert_int_equal(err, -ENOSPC);
            assert_true(n >= max);
            break;
        }
    }
    free(s);
    fixture_destroy(f);
}

static void test_ufrags(void **state)
{
    struct fixture *f = fixture_create();
    struct session *s = aligned_alloc(64, RTE_ALIGN_CEIL(2 * sizeof(*s), 64));

    assert_int_equal(tables_add_ufrag(&f->tables, "abcd", &s[0]), 0);
    assert_int_equal(tables_add_ufrag(&f->tables, "abcd", &s[1]), -EEXIST);
    assert_int_equal(tables_add_ufrag(&f->tables, "abcde", &s[1]), 0);
    static const struct {
        const char *text;
        size_t len;
        int found; /* -1: none */
    } cases[] = {{"abcd", 4, 0},
                 {"abcde", 5, 1},
                 {"abcde", 4, 0},
                 {"abc", 3, -1},
                 {"abcd\0", 5, 0},
                 {"", 0, -1},
                 {"ABCD", 4, -1},
                 {"0123456789abcdef", 16, -1},
                 {"0123456789abcdef0123", 20, -1}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_ptr_equal(tables_find_ufrag(&f->tables, (const uint8_t *)cases[i].text, cases[i].len),
                         cases[i].found < 0 ? NULL : &s[cases[i].found]);
    tables_del_ufrag(&f->tables, "abcd");
    tables_del_ufrag(&f->tables, "abcd");
    assert_null(tables_find_ufrag(&f->tables, (const uint8_t *)"abcd", 4));
    free(s);
    fixture_destroy(f);
}

static void test_mailbox(void **state)
{
    struct fixture *f = fixture_create();
    struct mailbox mb;
    struct rte_mbuf *m, *burst[8];
    struct pollfd fd;
    uint32_t n;

    assert_int_equal(mailbox_init(&mb, "test", 16, f->mail_pool, true, SOCKET_ID_ANY), 0);
    fd = (struct pollfd){.fd = mb.event_fd, .events = POLLIN};
    for (n = 0;; n++) {
        m = mailbox_command(&mb);
        pkt(m)->worker = (uint16_t)n;
        if (mailbox_send(&mb, m, MAIL_EVENT) != 0)
            break;
    }
    assert_int_equal(n, 15); /* a full mailbox leaves the mail with its sender */
    rte_pktmbuf_free(m);
    assert_int_equal(poll(&fd, 1, 0), 0); /* nobody slept */
    assert_false(mailbox_sleep(&mb));
    for (uint32_t at = 0, got; (got = mailbox_receive(&mb, burst, ARRAY_SIZE(burst))) > 0; at += got)
        for (uint32_t i = 0; i < got; i++) {
            assert_int_equal(pkt(burst[i])->worker, at + i);
            assert_int_equal(pkt(burst[i])->mail, MAIL_EVENT);
            rte_pktmbuf_free(burst[i]);
        }
    assert_true(mailbox_sleep(&mb));
    assert_int_equal(mailbox_send(&mb, mailbox_command(&mb), MAIL_STRAY), 0);
    assert_int_equal(poll(&fd, 1, 0), 1);
    mailbox_woken(&mb);
    assert_int_equal(poll(&fd, 1, 0), 0);
    assert_int_equal(mailbox_receive(&mb, &m, 1), 1);
    assert_int_equal(mailbox_receive_commands(&mb, burst, 1), 0);
    assert_int_equal(mailbox_send(&mb, m, MAIL_ATTACH), 0); /* has a ring of its own, and wakes as well */
    assert_false(mailbox_sleep(&mb));
    assert_int_equal(mailbox_receive(&mb, &m, 1), 0);
    assert_int_equal(mailbox_receive_commands(&mb, &m, 1), 1);
    assert_true(mailbox_sleep(&mb));
    assert_int_equal(mailbox_send(&mb, m, MAIL_ATTACH), 0);
    assert_int_equal(poll(&fd, 1, 0), 1);
    mailbox_woken(&mb);
    assert_int_equal(mailbox_send(&mb, mailbox_command(&mb), MAIL_STRAY), 0);
    mailbox_finish(&mb); /* with a mail in each ring */
    fixture_destroy(f);
}

/* Two threads, the receiver asleep whenever it can: a lost wake-up would hang here (poll would run into its limit). */
#define WAKES 5000

static void *send_wakes(void *arg)
{
    struct mailbox *mb = arg;
    for (uint32_t sent = 0; sent < WAKES;) {
        struct rte_mbuf *m = mailbox_command(mb);
        if (m && mailbox_send(mb, m, MAIL_EVENT) == 0) {
            sent++;
        } else {
            rte_pktmbuf_free(m);
            sched_yield(); /* both may share a CPU */
        }
    }
    return NULL;
}

static void test_wakes(void **state)
{
    struct fixture *f = fixture_create();
    struct mailbox mb;
    struct rte_mbuf *m;
    pthread_t sender;

    assert_int_equal(mailbox_init(&mb, "test", 16, f->mail_pool, true, SOCKET_ID_ANY), 0);
    assert_int_equal(pthread_create(&sender, NULL, send_wakes, &mb), 0);
    for (uint32_t got = 0; got < WAKES;) {
        struct pollfd fd = {.fd = mb.event_fd, .events = POLLIN};
        while (mailbox_receive(&mb, &m, 1) > 0) {
            rte_pktmbuf_free(m);
            got++;
        }
        if (got < WAKES && mailbox_sleep(&mb)) {
            assert_int_equal(poll(&fd, 1, 10000), 1);
            mailbox_woken(&mb);
        }
    }
    pthread_join(sender, NULL);
    mailbox_finish(&mb);
    fixture_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tuples),  cmocka_unit_test(test_churn), cmocka_unit_test(test_ufrags),
        cmocka_unit_test(test_mailbox), cmocka_unit_test(test_wakes),
    };
    return cmocka_run_group_tests(tests, fixture_start_eal, NULL);
}
