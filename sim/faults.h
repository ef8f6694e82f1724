/* SPDX-License-Identifier: ISC */
/* faults.h - what strikes nodes at times of the chaos: each family a file about one noun. */
#ifndef ES_SIM_FAULTS_H
#define ES_SIM_FAULTS_H

#include "sim/world.h"

/* A fault of this kind at a node, later. Which of those that are planned, or ES_SIM_LATER: the second
 * half of one. */
#define ES_SIM_LATER UINT32_MAX
void es_sim_faults_at(struct es_sim_world *world, enum es_sim_id_kind kind, uint64_t after_ms,
                      uint32_t node, uint32_t i);

/* --- clock.c --- */
/* The wall clock is set. */
void es_sim_clock_jump(struct es_sim_world *world, struct es_sim_node *node,
                       struct es_sim_rng *rng);
/* The node is frozen for a while, then handles at once what came meanwhile. */
void es_sim_clock_pause(struct es_sim_world *world, struct es_sim_node *node,
                        struct es_sim_rng *rng);
/* ... and its monotonic clock has stood still. */
void es_sim_clock_sleep(struct es_sim_world *world, struct es_sim_node *node,
                        struct es_sim_rng *rng);

/* --- partition.c --- */
bool es_sim_partition_is(enum es_sim_id_kind kind);
/* The node and another. */
void es_sim_partition_pair(struct es_sim_world *world, struct es_sim_node *node,
                           struct es_sim_rng *rng);
/* All nodes fall into two parts; the node is in the first. */
void es_sim_partition_halves(struct es_sim_world *world, struct es_sim_node *node,
                             struct es_sim_rng *rng);
/* The node from all others. */
void es_sim_partition_alone(struct es_sim_world *world, struct es_sim_node *node,
                            struct es_sim_rng *rng);
/* Nothing gets from the first part to the second; the other way everything does. */
void es_sim_partition_one_way(struct es_sim_world *world, struct es_sim_node *node,
                              struct es_sim_rng *rng);
/* The node reaches both parts. */
void es_sim_partition_bridge(struct es_sim_world *world, struct es_sim_node *node,
                             struct es_sim_rng *rng);
/* All are over. */
void es_sim_partition_heal(struct es_sim_world *world);

/* --- churn.c --- */
void es_sim_churn_plan(struct es_sim_world *world);
/* A session ends: its person leaves, and comes back later. */
void es_sim_churn_leave(struct es_sim_world *world, struct es_sim_node *node);

/* --- strangers.c --- */
/* One comes to this node with envelopes of the past, if there are any. */
void es_sim_strangers_visit(struct es_sim_world *world, struct es_sim_node *node,
                            struct es_sim_rng *rng);

/* --- disk/rollback.c --- */
/* The disk is copied, and later put back. */
void es_sim_disk_keep(struct es_sim_world *world, struct es_sim_node *node, struct es_sim_rng *rng);
/* The node dies and starts from the image that was kept last, if there is one. */
void es_sim_disk_go_back(struct es_sim_world *world, struct es_sim_node *node);

/* --- disk/rot.c --- */
/* A bit of the database changes, and the node is started again from it. */
void es_sim_disk_rot(struct es_sim_world *world, struct es_sim_node *node, struct es_sim_rng *rng);

#endif
