/* SPDX-License-Identifier: MIT */
/* A stage for the rooms: the whole of the controlplane's logic on virtual time, with fake WebSockets, a fake DTLS and a
 * fake dataplane and recorder behind the real headers (controlplane/dtls.h, dp.h, rec.h). The fakes check what the
 * links' contracts demand of us and abort when one is broken.
 *
 * People are A to H. What they are sent is kept as short lines, see stage_script. */
#ifndef ROOMLINE_TESTS_STAGE_H
#define ROOMLINE_TESTS_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/conf.h"
#include "controlplane/hub.h"

#define STAGE_PEOPLE 8

void stage_init(void);   /* default configuration, dataplane up with two workers */
void stage_finish(void); /* aborts when anything is left over: rooms, sessions, timers */

struct hub *stage_hub(void);
struct conf *stage_conf(void);

void stage_open(unsigned person);
void stage_drop(unsigned person); /* nothing happens when there is no connection */
void stage_message(unsigned person, const char *text, size_t len);
void stage_wait_ms(int64_t ms);

/* The text a person got last, as it went over the wire; "" none. */
const char *stage_last_text(unsigned person);

/* Runs a script line by line; returns NULL, or a text that says which line went wrong and how.
 *
 *   A> connect Alice            opens a socket and says `connection`; `open` only opens
 *   A> join r1 / join-recorded r1 / leave r1 / say r1 Bob "text" / data {json}
 *   A> publish ID ROOM NAME / publish-audio / publish-video / publish-avr (r: recorded, 9: VP9) / play ID ROOM NAME ID:
 * the media session id A> unpublish ID / stop ID / event ID TYPE / available ID NAME / raw TEXT / drop A> ice ID / dtls
 * ID / live ID (both) / media ID / lost ID / bye ID / badprint ID / baddtls ID    what A's browser does R> up / down /
 * recording ID / finishing ID / ready ID / failed ID / keyframe ID    what the recorder does; ID: of a take, or the
 * name of a room
 *   * wait MS / dp-down / dp-up / dp-reset / refuse A ID
 *   A< LINE                     what A must have been sent since, in this order and nothing else; R: the recorder
 *
 * After each action the expectations that follow are compared with what everyone was sent. */
const char *stage_script(const char *const *lines);

#endif
