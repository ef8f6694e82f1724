/* SPDX-License-Identifier: ISC */
/* bench_node.h - a real node in this process: core, writer thread and store as in earshotd, and an
 * earshot-net process of its own; without a control socket. */
#ifndef ES_BENCH_NODE_H
#define ES_BENCH_NODE_H

#include "node/daemon/network.h"
#include "node/daemon/node.h"
#include "node/store/sqlite.h"

struct bench_node {
    char database[256], key[256];
    struct es_store *store;
    struct es_settings settings;
    struct es_lasting lasting;
    struct es_node *node;
    struct es_network *network;
    uint16_t port;    /* of the lasting listener, once it stands */
    uint32_t contact; /* the other one, once accepted             */
    bool present;
    uint64_t answered, delivered, shown;
    enum es_err failed;
    char link[ES_INVITE_CHARS_MAX + 1];
};

/* folder is borrowed and must exist; ends the program when something fails. */
void bench_node_init(struct bench_node *bench, const char *folder, const char *name,
                     enum es_store_at_rest at_rest, const char *net);
void bench_node_done(struct bench_node *bench);
/* One turn of both loops; waits at most wait_ms for something to do. */
void bench_nodes_turn(struct bench_node *nodes, size_t n, int wait_ms);
/* Makes two nodes contacts by an invite with an endpoint on loopback, and waits for their link. */
void bench_nodes_befriend(struct bench_node nodes[static 2]);
void bench_fail(const char *what);

#endif
