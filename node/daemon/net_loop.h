/* SPDX-License-Identifier: ISC */
/* net_loop.h - the network process: orders in, reports out, links and discovery in one loop. */
#ifndef ES_DAEMON_NET_LOOP_H
#define ES_DAEMON_NET_LOOP_H

#include "node/env/entropy.h"

/* Serves the node at the other end of the pair until it is closed. Returns the status to leave the
 * process with, which frees what is left. */
int es_net_serve(int pair, const struct es_entropy *entropy);

#endif
