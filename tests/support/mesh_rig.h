/* SPDX-License-Identifier: ISC */
/* mesh_rig.h - meshes on a virtual network with a virtual clock, and a layer above that is played by
 * tables.
 *
 * A node's number is its place + 1; so it is called as a peer, too. Its host is "10.0.0.NUMBER". With
 * routing, orders are carried out by the rig; either way each node's orders are kept for looking at
 * until rig_forget(). */
#ifndef ES_TESTS_MESH_RIG_H
#define ES_TESTS_MESH_RIG_H

#include "node/core/batch.h"
#include "node/core/mesh/mesh.h"

#define RIG_NODES_MAX 6
#define RIG_ROTATING 3
#define RIG_LISTENERS_MAX 64
#define RIG_WALL_MS 1790000000000ull
/* How long a report takes from one node to the other, and how long a dial is in vain. */
#define RIG_DELAY_MS 2
#define RIG_UNREACHABLE_MS 20

struct rig;

struct rig_order {
    struct es_order order;
    uint8_t *bytes; /* of a frame */
};

struct rig_node {
    struct rig *rig;
    unsigned number;
    struct es_mesh *mesh;
    struct es_batches *batches;
    struct es_counters counters;
    struct es_arena arena;
    struct es_entropy entropy;
    void *chunks;
    size_t arena_bytes;
    struct es_settings settings;
    uint64_t random;

    /* The layer above. */
    bool friends[RIG_NODES_MAX + 1];    /* by number: proves to and is proved by */
    bool recognises[RIG_NODES_MAX + 1]; /* adverts of */
    bool present[RIG_NODES_MAX + 1];
    bool takes;        /* envelopes are ours */
    bool refuses;      /* envelopes are ours, but bad */
    unsigned author;   /* who sealed what we take, or 0 */
    bool drops_sender; /* es_mesh_drop_peer() from inside envelope() */
    unsigned n_present, n_gone, n_strangers;
    unsigned n_envelopes, n_acknowledged, n_checked;
    uint32_t last_stranger;
    uint32_t last_from;
    uint8_t last_tag;
    struct es_ack_id last_ack;
    uint16_t listening[RIG_ROTATING + 1]; /* ports by place, the one that rotates last */
    unsigned n_listening;
    bool visible;

    /* The network process. */
    bool has_network;
    struct es_publication published;
    bool is_published;
    uint32_t next_inbound;
    uint16_t next_port;
    bool no_ports;
    struct rig_order *orders;
    size_t n_orders, orders_cap;
    bool keeps_no_orders;
    size_t n_timers; /* so far */
};

struct rig_listener {
    struct rig_node *node;
    uint32_t number;
    struct es_dh_public key;
    uint16_t port;
};

struct rig_link {
    struct rig_node *node[2]; /* dialler, listener */
    uint32_t number[2];
    uint32_t listener; /* of node[1] */
    bool alive[2];     /* on either side */
    bool cut;          /* frames vanish, nobody is told */
};

/* A report that is on its way. */
struct rig_event {
    uint64_t at_ms;
    uint64_t order;
    struct rig_node *node;
    struct es_report report;
    uint8_t *bytes;
};

struct rig {
    uint64_t now_ms;
    uint64_t wall_ms;
    bool routing;
    bool adverts; /* are passed on */
    bool split;   /* no dial succeeds */
    struct rig_node node[RIG_NODES_MAX];
    size_t n_nodes;
    struct rig_listener listeners[RIG_LISTENERS_MAX];
    size_t n_listeners;
    struct rig_link *links;
    size_t n_links, links_cap;
    struct rig_event *events;
    size_t n_events, events_cap;
    uint64_t last_event;
    void (*watch)(struct rig *rig); /* called after every step, if set */
};

/* Makes n nodes that are not started. Settings may be changed before rig_start(). */
struct rig *rig_new(size_t n_nodes, bool routing);
void rig_free(struct rig *rig);
struct rig_node *rig_node(struct rig *rig, unsigned number);
void rig_befriend(struct rig *rig, unsigned a, unsigned b);

/* Begins the node's first period; with routing its listener stands a moment later. A further start is
 * a new network process. */
void rig_start(struct rig_node *node);
/* Lets time pass: events and timers in their order. */
void rig_run(struct rig *rig, uint64_t for_ms);

/* Links of the mesh that are up; bound to peer (0: to nobody). */
size_t rig_links_up(const struct rig_node *node);
size_t rig_links_bound(const struct rig_node *node, uint32_t peer);

/* One input: a report, a timer, or what the layer above does between begin and end. */
void rig_report(struct rig_node *node, const struct es_report *report);
void rig_timer(struct rig_node *node);
struct es_context rig_begin(struct rig_node *node);
void rig_end(struct rig_node *node, struct es_context *context);
/* Orders are forgotten. */
void rig_forget(struct rig_node *node);

/* Copies of reports and orders live until rig_free() or rig_forget(). */
void rig_later(struct rig *rig, struct rig_node *node, uint64_t in_ms,
               const struct es_report *report);
/* mesh_net.c: carries out an order, as the network process would. */
void rig_carry_out(struct rig_node *node, const struct es_order *order);
/* Adverts of the others, to a node whose network process has just begun. */
void rig_show_adverts(struct rig_node *node);
/* Its network process is gone: connections break. */
void rig_break(struct rig_node *node);

void rig_host(unsigned number, char ret[static ES_HOST_BYTES_MAX]);

#endif
