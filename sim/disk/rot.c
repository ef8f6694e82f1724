/* SPDX-License-Identifier: ISC */
/* rot.c - a disk that changes a bit by itself: the vault notices as soon as it reads the page, and whose
 * node it is has lost it for good. */
#include "sim/disk/store.h"
#include "sim/faults.h"
#include "sim/trace.h"

/* Two must be left who can talk. */
static bool may_be_ruined(const struct es_sim_world *world, const struct es_sim_node *node)
{
    uint32_t left = 0;

    for (uint32_t i = 0; i < world->options.nodes; i++)
        left += !es_sim_is_absent(world, i) && !world->nodes[i].ruined;
    return !node->ruined && left > 2;
}

void es_sim_disk_rot(struct es_sim_world *world, struct es_sim_node *node, struct es_sim_rng *rng)
{
    bool was_up = node->up;

    if (!may_be_ruined(world, node))
        return;
    es_sim_trace_note(world, node, "a bit on its disk changes");
    es_sim_node_stop(world, node);
    if (es_sim_store_rot(node->store, rng)) {
        if (was_up)
            es_sim_node_start(world, node);
        return;
    }
    es_sim_trace_note(world, node, "its store is damaged: it fails for good");
    node->ruined = node->outside = true;
}
