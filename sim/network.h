/* SPDX-License-Identifier: ISC */
/* network.h - inside of the simulated network: what its links and its segment share. */
#ifndef ES_SIM_NETWORK_H
#define ES_SIM_NETWORK_H

#include "sim/world.h"

/* How long something is under way to or from a node. */
uint64_t es_sim_delay(struct es_sim_world *world, struct es_sim_node *node);
/* A report that the node's present network process gives later. */
void es_sim_report_later(struct es_sim_world *world, struct es_sim_node *node, uint64_t after_ms,
                         const struct es_report *report);
/* What sets out does not arrive (partition.c). */
bool es_sim_is_cut(const struct es_sim_world *world, uint32_t from, uint32_t to);

/* Addresses are 10.x.y.z: the node's number + 1. NULL: nobody has it. */
void es_sim_host_of(uint32_t node, char ret[static ES_HOST_BYTES_MAX]);
struct es_sim_node *es_sim_node_at(struct es_sim_world *world, const char *host);

/* --- links.c: listeners and connections --- */
void es_sim_links_order(struct es_sim_world *world, struct es_sim_node *node,
                        const struct es_order *order);
void es_sim_links_dial(struct es_sim_world *world, const struct es_sim_event *event);
void es_sim_links_frame(struct es_sim_world *world, const struct es_sim_event *event);
void es_sim_links_lost(struct es_sim_world *world, struct es_sim_node *node);
/* How many ends are open there. */
size_t es_sim_links_at(const struct es_sim_world *world, const struct es_sim_node *node);

/* --- envelopes.c: what becomes of the envelopes in a frame --- */
struct es_sim_fate {
    uint8_t now[ES_FRAME_BYTES_MAX], late[ES_FRAME_BYTES_MAX];
    size_t now_len, late_len; /* 0: no such frame */
};
/* False: the frame brings none. `io_burst`: so many of the next on this way are in a burst. */
bool es_sim_envelopes_fate(struct es_sim_world *world, struct es_sim_node *node, uint32_t *io_burst,
                           struct es_slice bytes, struct es_sim_fate *ret);

/* --- strangers.c: who keeps what was sent --- */
void es_sim_strangers_hear(struct es_sim_world *world, struct es_slice envelope);

/* --- segment.c: multicast --- */
void es_sim_segment_advertise(struct es_sim_world *world, struct es_sim_node *node,
                              const struct es_publication *publication);
void es_sim_segment_withdraw(struct es_sim_world *world, struct es_sim_node *node);
void es_sim_segment_announce(struct es_sim_world *world);
void es_sim_segment_hear(struct es_sim_world *world, const struct es_sim_event *event);
void es_sim_segment_lost(struct es_sim_world *world, struct es_sim_node *node);

#endif
