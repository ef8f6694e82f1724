/* SPDX-License-Identifier: ISC */
/* partition.c - nodes that do not reach each other for a while. Nobody is told: frames vanish, dials
 * time out. Several partitions may stand at a time. */
#include "sim/faults.h"

#include <stdlib.h>

#include "sim/network.h"
#include "sim/trace.h"

/* Nothing gets from nodes of the first part to those of the second, nor back unless it is one-way.
 * Everybody else is reached by all. */
enum part { REACHED_BY_ALL, FIRST, SECOND };

struct es_sim_partition {
    struct es_sim_partition *next;
    uint64_t until_ms;
    bool one_way;
    uint8_t part[]; /* of each node */
};

bool es_sim_partition_is(enum es_sim_id_kind kind)
{
    return kind == ES_SIM_ID_SEGMENT_CUT || kind == ES_SIM_ID_HALVES || kind == ES_SIM_ID_ALONE ||
           kind == ES_SIM_ID_ONE_WAY || kind == ES_SIM_ID_BRIDGE;
}

bool es_sim_is_cut(const struct es_sim_world *world, uint32_t from, uint32_t to)
{
    for (const struct es_sim_partition *at = world->partitions; at != NULL; at = at->next)
        if (world->now_ms < at->until_ms &&
            ((at->part[from] == FIRST && at->part[to] == SECOND) ||
             (at->part[from] == SECOND && at->part[to] == FIRST && !at->one_way)))
            return true;
    return false;
}

/* Forgets those that are over, or all. */
static void sweep(struct es_sim_world *world, uint64_t now_ms)
{
    struct es_sim_partition **at = &world->partitions;

    while (*at != NULL) {
        struct es_sim_partition *over = *at;

        if (over->until_ms > now_ms) {
            at = &over->next;
            continue;
        }
        *at = over->next;
        free(over);
    }
}

static struct es_sim_partition *add(struct es_sim_world *world, uint64_t until_ms)
{
    struct es_sim_partition *fresh = es_sim_zeroed(sizeof(*fresh) + world->options.nodes);

    sweep(world, world->now_ms);
    fresh->until_ms = until_ms;
    fresh->next = world->partitions;
    world->partitions = fresh;
    return fresh;
}

static struct es_sim_partition *begin(struct es_sim_world *world, const struct es_sim_node *node,
                                      struct es_sim_rng *rng, const char *what)
{
    es_sim_trace_note(world, node, what);
    return add(world, world->now_ms + es_sim_log_uniform(rng, 1, world->options.partition_ms_max));
}

/* --- Kinds -------------------------------------------------------------------------------------- */

static uint32_t draw_other(const struct es_sim_world *world, uint32_t node, struct es_sim_rng *rng)
{
    uint32_t n = world->options.nodes;

    return (node + 1 + (uint32_t)es_sim_below(rng, n - 1)) % n;
}

void es_sim_partition_pair(struct es_sim_world *world, struct es_sim_node *node,
                           struct es_sim_rng *rng)
{
    uint32_t other = draw_other(world, node->number, rng);
    struct es_sim_partition *fresh = begin(world, node, rng, "another does not reach it");

    fresh->part[node->number] = FIRST;
    fresh->part[other] = SECOND;
}

/* Everybody throws a coin; nobody is alone with a part without people. */
static struct es_sim_partition *split(struct es_sim_world *world, const struct es_sim_node *node,
                                      struct es_sim_rng *rng, const char *what)
{
    uint32_t other = draw_other(world, node->number, rng);
    struct es_sim_partition *fresh = begin(world, node, rng, what);

    for (uint32_t i = 0; i < world->options.nodes; i++)
        fresh->part[i] = es_sim_chance(rng, 500) ? FIRST : SECOND;
    fresh->part[node->number] = FIRST;
    fresh->part[other] = SECOND;
    return fresh;
}

void es_sim_partition_halves(struct es_sim_world *world, struct es_sim_node *node,
                             struct es_sim_rng *rng)
{
    split(world, node, rng, "its half is cut off");
}

void es_sim_partition_one_way(struct es_sim_world *world, struct es_sim_node *node,
                              struct es_sim_rng *rng)
{
    split(world, node, rng, "its half reaches nobody and is reached")->one_way = true;
}

void es_sim_partition_bridge(struct es_sim_world *world, struct es_sim_node *node,
                             struct es_sim_rng *rng)
{
    split(world, node, rng, "is the bridge of two halves")->part[node->number] = REACHED_BY_ALL;
}

void es_sim_partition_alone(struct es_sim_world *world, struct es_sim_node *node,
                            struct es_sim_rng *rng)
{
    struct es_sim_partition *fresh = begin(world, node, rng, "is alone");

    for (uint32_t i = 0; i < world->options.nodes; i++)
        fresh->part[i] = SECOND;
    fresh->part[node->number] = FIRST;
}

/* --- By hand ------------------------------------------------------------------------------------ */

static bool is_pair(const struct es_sim_partition *partition, uint32_t a, uint32_t b)
{
    return partition->until_ms == UINT64_MAX && partition->part[a] == FIRST &&
           partition->part[b] == SECOND;
}

void es_sim_network_cut(struct es_sim_world *world, uint32_t a, uint32_t b, bool cut)
{
    for (struct es_sim_partition *at = world->partitions; at != NULL; at = at->next)
        if (is_pair(at, a, b) || is_pair(at, b, a))
            at->until_ms = 0;
    if (cut) {
        struct es_sim_partition *fresh = add(world, UINT64_MAX);

        fresh->part[a] = FIRST;
        fresh->part[b] = SECOND;
    }
}

void es_sim_partition_heal(struct es_sim_world *world)
{
    sweep(world, UINT64_MAX);
}
