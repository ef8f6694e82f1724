/* SPDX-License-Identifier: ISC */
/* heal.h - who is left when the chaos ends, and what can still arrive. */
#ifndef ES_SIM_HEAL_H
#define ES_SIM_HEAL_H

#include "sim/load.h"

/* No partition stands any more; whoever is outside the core is gone. */
void es_sim_heal(struct es_sim_world *world);
/* A frame has come from one node to another. */
void es_sim_heal_heard(struct es_sim_world *world, uint32_t from, uint32_t to);
/* True, and counted: there is a reason why this text of `from` has not arrived. */
bool es_sim_heal_explains(struct es_sim_world *world, uint32_t from,
                          const struct es_sim_friend *friend, uint32_t number);
const char *es_sim_excuse_name(enum es_sim_excuse excuse);
/* What a node still waits for from those who are left. */
uint32_t es_sim_heal_awaited(const struct es_sim_world *world, const struct es_sim_node *node);

#endif
