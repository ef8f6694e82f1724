/* SPDX-License-Identifier: ISC */
/* steps.h - the events of a run with the hash after each, to find where two runs part. */
#ifndef ES_SIM_STEPS_H
#define ES_SIM_STEPS_H

#include <stdio.h>

#include "sim/queue.h"

struct es_sim_step {
    uint64_t hash; /* of everything up to here */
    uint64_t at_ms;
    uint32_t node;
    enum es_sim_event_kind kind;
};

struct es_sim_steps {
    struct es_sim_step *all; /* the owner frees */
    size_t n, cap;
};

void es_sim_steps_add(struct es_sim_steps *steps, const struct es_sim_event *event,
                      const uint8_t hash[static 32]);
/* The first event after which the two differ; the longer one's length when they do not. */
size_t es_sim_steps_part(const struct es_sim_steps *a, const struct es_sim_steps *b);
/* "at 1.234 s, node 2: frame" or "the end". */
void es_sim_steps_name(const struct es_sim_steps *steps, size_t at, char *buf, size_t cap);

#endif
