/* SPDX-License-Identifier: ISC */
/* clock.h - what time it is at a node. */
#ifndef ES_SIM_CLOCK_H
#define ES_SIM_CLOCK_H

#include "sim/world.h"

void es_sim_clock_init(struct es_sim_world *world, struct es_sim_node *node);
/* Its monotonic clock, its wall clock. */
uint64_t es_sim_clock_now(const struct es_sim_world *world, const struct es_sim_node *node);
uint64_t es_sim_clock_wall(const struct es_sim_world *world, const struct es_sim_node *node);
/* When its monotonic clock will show this, in the world's time. */
uint64_t es_sim_clock_world(const struct es_sim_node *node, uint64_t node_ms);
bool es_sim_clock_is_frozen(const struct es_sim_world *world, const struct es_sim_node *node);
/* True: what the event brings to a frozen node waits until it is not, in the order in which it came. */
bool es_sim_clock_defers(struct es_sim_world *world, const struct es_sim_event *event);

#endif
