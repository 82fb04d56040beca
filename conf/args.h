/* SPDX-License-Identifier: MIT */
/* The command line that all programs share: --conf FILE, --set KEY=VALUE, --dump-conf, --help, --version. */
#ifndef ROOMLINE_CONF_ARGS_H
#define ROOMLINE_CONF_ARGS_H

#include "conf/conf.h"

#define ARGS_GO_ON (-1)

/* Fills conf (conf_defaults, then each --conf and --set in the order given). Returns ARGS_GO_ON, or the status to exit
 * with: 0 when --help, --version or --dump-conf was answered on stdout, 2 when something was wrong and stderr says
 * what. conf is to be finished in every case. role: what the program is, for --help. */
int args_parse(struct conf *conf, int argc, char **argv, const char *role);

#endif
