/* SPDX-License-Identifier: ISC */
/* zmq_link.h - links over ZeroMQ: listeners, dialled connections, admission.
 *
 * Takes the orders of node/env/link.h that concern links and answers with its reports, through a
 * callback that may be called inside every function here that changes something. One thread; the
 * caller waits with poll() on one descriptor and gives the time. */
#ifndef ES_LINK_ZMQ_LINK_H
#define ES_LINK_ZMQ_LINK_H

#include <stdbool.h>

#include "node/env/entropy.h"
#include "node/env/link.h"

/* Bytes that wait for one peer: a window of envelopes. Beyond, it does not read, or the node gives
 * it more than it acknowledges, and the link ends with ES_LINK_OVERFLOW. */
#define ES_QUEUE_BYTES_MAX (4 * 1024 * 1024)

/* The same over all links, a quarter of the memory of the process. Beyond, the link that keeps most
 * ends. */
#define ES_QUEUES_BYTES_MAX (64 * 1024 * 1024)

/* How long what was sent before ES_ORDER_CLOSE may take to leave. */
#define ES_CLOSE_MS 1000

struct es_links;

struct es_links_user {
    void *ctx;
    /* The report is borrowed for the call, which may not call back. False: no further frames in
     * this turn. */
    bool (*report)(void *ctx, const struct es_report *report);
};

/* NULL when ZeroMQ refuses: no memory or descriptors, or it cannot require admission. */
struct es_links *es_links_new(const struct es_entropy *entropy, const struct es_links_user *user);
void es_links_free(struct es_links *links);

/* False when the order is no order for links or contradicts an earlier one. */
bool es_links_order(struct es_links *links, const struct es_order *order, uint64_t now_ms);

/* Readable when es_links_run() has something to do. */
int es_links_fd(const struct es_links *links);

/* When es_links_run() has something to do at the latest; UINT64_MAX: not before the descriptor. */
uint64_t es_links_wake_ms(const struct es_links *links, bool reading);

/* Does what there is to do, a bounded amount of it. Unless reading, no frames are reported and peers
 * have to wait. */
void es_links_run(struct es_links *links, uint64_t now_ms, bool reading);

/* What was refused since the last call. The adverts are not counted here. */
struct es_net_counts es_links_take_counts(struct es_links *links);

#endif
