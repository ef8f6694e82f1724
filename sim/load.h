/* SPDX-License-Identifier: ISC */
/* load.h - what people do: become contacts, write to each other. */
#ifndef ES_SIM_LOAD_H
#define ES_SIM_LOAD_H

#include "sim/world.h"

/* What people do. */
enum es_sim_action {
    ES_SIM_LOOK,  /* b: nothing */
    ES_SIM_WRITE, /* b: to whom; above the lowest byte of a: which of its texts */
};

/* A command's request number says in its answer what was asked. */
enum es_sim_request_kind {
    ES_SIM_ASK_INIT = 1,
    ES_SIM_ASK_OTHER = 2,
    ES_SIM_ASK_INVITE = 3, /* + the other node  */
    ES_SIM_ASK_WRITE = 4,  /* + to and number    */
};

static inline uint64_t es_sim_request(enum es_sim_request_kind kind, uint32_t other,
                                      uint32_t number)
{
    return (uint64_t)kind << 56 | (uint64_t)other << 32 | number;
}

static inline enum es_sim_request_kind es_sim_request_kind(uint64_t request)
{
    return (enum es_sim_request_kind)(request >> 56);
}

static inline uint32_t es_sim_request_other(uint64_t request)
{
    return (request >> 32) & 0xffffff;
}

/* What a node calls itself, and what it calls another: with a mark of its own each. */
#define ES_SIM_LOAD_NAME_BYTES 40
void es_sim_load_name(const struct es_sim_world *world, uint32_t node,
                      char ret[static ES_SIM_LOAD_NAME_BYTES]);
void es_sim_load_petname(const struct es_sim_world *world, uint32_t node, uint32_t other,
                         char ret[static ES_SIM_LOAD_NAME_BYTES]);
/* The node that others call by this petname. */
struct es_sim_node *es_sim_load_node(struct es_sim_world *world, const char *petname);
/* NULL: it does not know the other. */
struct es_sim_friend *es_sim_load_friend(struct es_sim_node *node, uint32_t other);
/* Whose address it is; false: nobody's. */
bool es_sim_load_owner(const struct es_sim_world *world, const struct es_sign_public *address,
                       uint32_t *ret);
/* Reads back what a text of the load says of itself. */
bool es_sim_load_parse(struct es_slice text, uint32_t *ret_from, uint32_t *ret_to,
                       uint32_t *ret_number);

#endif
