/* SPDX-License-Identifier: MIT */
/* publishStream and playStream: an SDP offer becomes a stream, its session and its entries in the dataplane, and gets
 * its answer; or a FAILED with the reason. */
#ifndef ROOMLINE_CONTROLPLANE_OFFER_H
#define ROOMLINE_CONTROLPLANE_OFFER_H

#include <jansson.h>

struct client;

void offer_publish(struct client *c, json_t *arg); /* arg: borrowed, of any type, or NULL */
void offer_play(struct client *c, json_t *arg);

#endif
