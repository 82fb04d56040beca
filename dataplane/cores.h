/* SPDX-License-Identifier: MIT */
/* /roomline/cores,N and /roomline/times,N,WHAT: see telemetry.h. */
#ifndef ROOMLINE_DATAPLANE_CORES_H
#define ROOMLINE_DATAPLANE_CORES_H

#include <rte_telemetry.h>

int cores_on_cores(const char *cmd, const char *params, struct rte_tel_data *d);
int cores_on_times(const char *cmd, const char *params, struct rte_tel_data *d);

#endif
