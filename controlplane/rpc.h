/* SPDX-License-Identifier: MIT */
/* The commands of the protocol: {"message": name, "data": [argument]} to its handler. Unknown names are logged and
 * ignored; an argument of a wrong type gets the answer that the command owes, where one can be addressed. */
#ifndef ROOMLINE_CONTROLPLANE_RPC_H
#define ROOMLINE_CONTROLPLANE_RPC_H

#include <stddef.h>

struct client;

void rpc_serve(struct client *c, const char *text, size_t len);

#endif
