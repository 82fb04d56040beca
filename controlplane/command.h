/* SPDX-License-Identifier: MIT */
/* sendData: the room commands join, leave and sendMessage, and an application's own data (protocol 2.2). Each gets
 * exactly one DataStatusEvent. */
#ifndef ROOMLINE_CONTROLPLANE_COMMAND_H
#define ROOMLINE_CONTROLPLANE_COMMAND_H

#include <jansson.h>

struct client;

void command_serve(struct client *c, json_t *arg); /* arg: borrowed, of any type, or NULL */

#endif
