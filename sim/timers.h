/* SPDX-License-Identifier: ISC */
/* timers.h - when each node is to be woken: one time per node, which changes with every input. */
#ifndef ES_SIM_TIMERS_H
#define ES_SIM_TIMERS_H

#include <stddef.h>
#include <stdint.h>

/* A heap of the nodes, by (time, number), in which each node's place is known. */
struct es_sim_timers {
    uint32_t *heap;  /* nodes            */
    size_t *place;   /* of a node in it  */
    uint64_t *at_ms; /* of a node; UINT64_MAX: never */
    size_t n;
};

/* Nodes 0 to n - 1, none of which is to be woken. */
void es_sim_timers_init(struct es_sim_timers *timers, size_t n);
void es_sim_timers_done(struct es_sim_timers *timers);
void es_sim_timers_set(struct es_sim_timers *timers, uint32_t node, uint64_t at_ms);
/* UINT64_MAX: nobody is to be woken. */
uint64_t es_sim_timers_next(const struct es_sim_timers *timers, uint32_t *ret_node);

#endif
