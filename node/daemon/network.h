/* SPDX-License-Identifier: ISC */
/* network.h - the network process as the node sees it: started, spoken to, started again.
 *
 * Orders go out in datagrams as they fit; reports come in as hostile bytes. When the process dies,
 * what was not sent is dropped: a new one knows nothing. */
#ifndef ES_DAEMON_NETWORK_H
#define ES_DAEMON_NETWORK_H

#include <poll.h>

#include "node/env/link.h"

struct es_network;

struct es_network_calls {
    void *ctx;
    /* A process is ready for orders (again). */
    void (*started)(void *ctx);
    void (*report)(void *ctx, const struct es_report *report);
};

/* program: path of earshot-net, borrowed. NULL when memory is out. */
struct es_network *es_network_new(const char *program, const struct es_network_calls *calls);
/* Ends the process when it has done what it was ordered, or after ES_NETWORK_END_MS. NULL is fine. */
#define ES_NETWORK_END_MS 500
void es_network_free(struct es_network *network);
/* Ends the process at once; the next es_network_turn() starts a fresh one. */
void es_network_stop(struct es_network *network);

/* Starts the process when it is due: at first at once, after a death with back-off. */
void es_network_turn(struct es_network *network, uint64_t now_ms);
uint64_t es_network_wake_at(const struct es_network *network);

/* Queues an order. A process that does not read for so long that the queue is full is ended. */
void es_network_order(struct es_network *network, const struct es_order *order);
/* Sends what waits, as far as the process takes it. */
void es_network_flush(struct es_network *network);

/* What to poll for; fd -1 when no process runs. */
struct pollfd es_network_pollfd(const struct es_network *network);
/* Reads reports; finds out that the process died. */
void es_network_dispatch(struct es_network *network, short revents, uint64_t now_ms);

/* How often it died since the node started. */
uint32_t es_network_deaths(const struct es_network *network);
/* How long the process has been running; 0: none runs. */
uint64_t es_network_age_ms(const struct es_network *network, uint64_t now_ms);

#endif
