/* SPDX-License-Identifier: ISC */
/* steps.c - two runs are compared at every 10,000 events, and event by event where they part. */
#include "sim/steps.h"

#include <string.h>

#include "sim/memory.h"

#define CHECKPOINT 10000

void es_sim_steps_add(struct es_sim_steps *steps, const struct es_sim_event *event,
                      const uint8_t hash[static 32])
{
    struct es_sim_step step = {.at_ms = event->at_ms, .node = event->node, .kind = event->kind};

    memcpy(&step.hash, hash, sizeof(step.hash));
    if (steps->n == steps->cap) {
        steps->cap = steps->cap == 0 ? CHECKPOINT : 2 * steps->cap;
        steps->all = es_sim_resize(steps->all, steps->cap * sizeof(steps->all[0]));
    }
    steps->all[steps->n++] = step;
}

size_t es_sim_steps_part(const struct es_sim_steps *a, const struct es_sim_steps *b)
{
    size_t n = a->n < b->n ? a->n : b->n, at = 0;

    while (at + CHECKPOINT <= n &&
           a->all[at + CHECKPOINT - 1].hash == b->all[at + CHECKPOINT - 1].hash)
        at += CHECKPOINT;
    while (at < n && a->all[at].hash == b->all[at].hash)
        at++;
    return at;
}

void es_sim_steps_name(const struct es_sim_steps *steps, size_t at, char *buf, size_t cap)
{
    static const char *const kinds[] = {
        [ES_SIM_WAKE] = "timer",  [ES_SIM_REPORT] = "report",     [ES_SIM_FRAME] = "frame",
        [ES_SIM_DIAL] = "dial",   [ES_SIM_ANNOUNCE] = "announce", [ES_SIM_ADVERT] = "advert",
        [ES_SIM_SYNC] = "sync",   [ES_SIM_RESTART] = "restart",   [ES_SIM_ACTION] = "action",
        [ES_SIM_FAULT] = "fault",
    };

    if (at >= steps->n)
        snprintf(buf, cap, "the end");
    else
        snprintf(buf, cap, "at %.3f s, node %u: %s", (double)steps->all[at].at_ms / 1000,
                 steps->all[at].node, kinds[steps->all[at].kind]);
}
