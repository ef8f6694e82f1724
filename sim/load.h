/* SPDX-License-Identifier: ISC */
/* load.h - what people do: become contacts, write to each other. */
#ifndef ES_SIM_LOAD_H
#define ES_SIM_LOAD_H

#include "sim/world.h"

/* The node that others call by this petname. */
struct es_sim_node *es_sim_load_node(struct es_sim_world *world, const char *petname);
/* NULL: it does not know the other. */
struct es_sim_friend *es_sim_load_friend(struct es_sim_node *node, uint32_t other);
/* False before the node has an identity. */
bool es_sim_load_address(const struct es_sim_world *world, uint32_t node,
                         struct es_sign_public *ret);
/* Reads back what a text of the load says of itself. */
bool es_sim_load_parse(struct es_slice text, uint32_t *ret_from, uint32_t *ret_to,
                       uint32_t *ret_number);

#endif
