/* SPDX-License-Identifier: MIT */
/* Conversations as cmocka tests: each case is a script of the stage (stage.h) that says who does what and what everyone
 * is sent, exactly and in order. */
#ifndef ROOMLINE_TESTS_CONVERSATION_H
#define ROOMLINE_TESTS_CONVERSATION_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stage.h"

#define CONNECT(who, login)    who "> connect " login, who "< getVersion", who "< getUserData"
#define JOIN(who, room, state) who "> join " room, who "< ACCEPTED", who "< " room " STATE " state
#define PUBLISH(who, id, room, name) \
    who "> publish " id " " room " " name, who "< answer " id, who "> live " id, who "< PUBLISHING " id
#define PLAY(who, id, room, name) \
    who "> play " id " " room " " name, who "< answer " id, who "> live " id, who "< PLAYING " id
#define RUN(...) assert_null(stage_script((const char *const[]){__VA_ARGS__, NULL}))

struct conversation {
    const char *name;
    const char *conf[4]; /* key, value, key, value */
    const char *lines[120];
};

static inline void converse(void **state)
{
    const struct conversation *c = *state;
    char err[CONF_ERR_BYTES];
    stage_init();
    for (size_t i = 0; i < 4 && c->conf[i]; i += 2)
        assert_int_equal(conf_set(stage_conf(), c->conf[i], c->conf[i + 1], err, sizeof(err)), 0);
    const char *wrong = stage_script(c->lines);
    if (wrong)
        fail_msg("%s: %s", c->name, wrong);
    stage_finish();
}

/* Makes the first n of tests out of n conversations; returns n. */
static inline size_t fill_tests(struct CMUnitTest *tests, const struct conversation *conversations, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        tests[i] = (struct CMUnitTest){.name = conversations[i].name,
                                       .test_func = converse,
                                       .initial_state = (void *)(uintptr_t)&conversations[i]};
    }
    return n;
}

#endif
