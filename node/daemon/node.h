/* SPDX-License-Identifier: ISC */
/* node.h - the core with its store and its writer: inputs in, effects passed on in their order.
 *
 * A failed commit means that memory is ahead of the disk: once the writer is done, the core is
 * dropped and restored from the store, and the network process too has to begin anew. Then the node
 * pauses, and is ready again when a transaction has succeeded; nothing that was acknowledged is
 * lost. Between failure and then it can be read, but takes no input. */
#ifndef ES_DAEMON_NODE_H
#define ES_DAEMON_NODE_H

#include "node/core/core.h"
#include "node/core/view.h"
#include "node/daemon/writer.h"

struct es_node;

struct es_node_calls {
    void *ctx;
    /* After the commit that they depend on. */
    void (*order)(void *ctx, const struct es_order *order);
    void (*event)(void *ctx, const struct es_event *event);
    /* The core was restored: who waits for an answer will not get one, and the network process
     * knows things that the core does not. Only from es_node_turn(). */
    void (*restored)(void *ctx);
};

/* The store is borrowed. NULL with *ret_err when the database cannot be restored. */
struct es_node *es_node_new(struct es_store *store, const struct es_settings *settings,
                            const struct es_node_calls *calls, enum es_err *ret_err);
void es_node_free(struct es_node *node);

void es_node_report(struct es_node *node, const struct es_report *report);
void es_node_network_started(struct es_node *node);
void es_node_command(struct es_node *node, const struct es_command *command);
/* Timers that are due; what is ready goes to the writer; recovery. Once per turn of the loop, and the
 * only call that may replace the core. */
void es_node_turn(struct es_node *node);
/* The writer's results: passes effects on. */
void es_node_results(struct es_node *node);
/* Takes inputs; otherwise they are dropped. */
bool es_node_ready(const struct es_node *node);
/* Nothing is being written. */
bool es_node_idle(const struct es_node *node);

int es_node_fd(const struct es_node *node);
/* Monotonic, on es_node_now_ms()'s clock. */
uint64_t es_node_wake_at(const struct es_node *node);
uint64_t es_node_now_ms(void);

/* What the core shows. Not for a broken node. */
const struct es_core *es_node_core(const struct es_node *node);
/* From a commit that found no room until one has succeeded. */
bool es_node_disk_full(const struct es_node *node);
/* The database cannot be written or restored, and will not be by trying: end. */
bool es_node_broken(const struct es_node *node);

#endif
