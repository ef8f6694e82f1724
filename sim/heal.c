/* SPDX-License-Identifier: ISC */
/* heal.c - the end of the chaos: a part of the nodes, connected as contacts, has no more faults; all
 * others fail for good. And why a text need not arrive in such a world: whatever has no such reason
 * is a failure. */
#include "sim/heal.h"

#include <stdlib.h>

#include "sim/faults.h"
#include "sim/record.h"

#define CORE_MIN 2

/* --- The core ------------------------------------------------------------------------------------ */

/* Nodes that may come next, each once for every member that knows it. */
struct frontier {
    uint32_t *nodes;
    size_t n, cap;
};

static bool may_stay(const struct es_sim_world *world, uint32_t node)
{
    return !es_sim_is_absent(world, node) && !world->nodes[node].ruined;
}

static void add_friends(struct es_sim_world *world, struct frontier *frontier, uint32_t member)
{
    const struct es_sim_node *node = &world->nodes[member];

    if (frontier->n + node->n_friends > frontier->cap) {
        frontier->cap = 2 * (frontier->n + node->n_friends);
        frontier->nodes =
            es_sim_resize(frontier->nodes, frontier->cap * sizeof(frontier->nodes[0]));
    }
    for (size_t i = 0; i < node->n_friends; i++)
        if (may_stay(world, node->friends[i].node))
            frontier->nodes[frontier->n++] = node->friends[i].node;
}

/* A place of the frontier gives way to the last one. */
static uint32_t take(struct frontier *frontier, uint64_t place)
{
    uint32_t node = frontier->nodes[place];

    frontier->nodes[place] = frontier->nodes[--frontier->n];
    return node;
}

/* Everybody is outside but whom a walk along contacts reaches before it has enough. */
static void draw_core(struct es_sim_world *world, uint64_t wanted)
{
    struct es_sim_rng rng = es_sim_rng(world->options.seed, ES_SIM_CORE, 0);
    uint32_t first = (uint32_t)es_sim_below(&rng, world->options.nodes);
    struct frontier frontier = {.n = 0};
    uint64_t members = 0;

    while (!may_stay(world, first))
        first = (first + 1) % world->options.nodes;
    for (uint32_t i = 0; i < world->options.nodes; i++)
        world->nodes[i].outside = true;
    for (uint32_t next = first;; next = take(&frontier, es_sim_below(&rng, frontier.n))) {
        if (world->nodes[next].outside) {
            world->nodes[next].outside = false;
            add_friends(world, &frontier, next);
            members++;
        }
        if (members >= wanted || frontier.n == 0)
            break;
    }
    free(frontier.nodes);
}

void es_sim_heal(struct es_sim_world *world)
{
    uint64_t wanted = (uint64_t)world->options.nodes * world->options.core_share / 1000;

    es_sim_partition_heal(world);
    if (world->options.core_share == 1000)
        return;
    draw_core(world, wanted < CORE_MIN ? CORE_MIN : wanted);
    for (uint32_t i = 0; i < world->options.nodes; i++)
        if (world->nodes[i].outside && !es_sim_is_absent(world, i)) {
            es_sim_record_mark(world, &world->nodes[i], "fails for good");
            es_sim_node_stop(world, &world->nodes[i]);
        }
}

/* --- What need not arrive ------------------------------------------------------------------------ */

void es_sim_heal_heard(struct es_sim_world *world, uint32_t from, uint32_t to)
{
    struct es_sim_friend *friend = es_sim_load_friend(&world->nodes[from], to);

    if (friend != NULL)
        friend->reached_ms = world->now_ms;
}

bool es_sim_heal_explains(struct es_sim_world *world, uint32_t from,
                          const struct es_sim_friend *friend, uint32_t number)
{
    enum es_sim_excuse excuse;

    if (world->nodes[friend->node].outside)
        excuse = ES_SIM_EXCUSE_READER_OUTSIDE;
    else if (!world->nodes[from].outside)
        return false;
    else if (friend->reached_ms <= friend->texts[number].written_ms)
        excuse = ES_SIM_EXCUSE_NEVER_REACHABLE;
    else
        excuse = ES_SIM_EXCUSE_NO_COPY;
    world->excused[excuse]++;
    return true;
}

const char *es_sim_excuse_name(enum es_sim_excuse excuse)
{
    static const char *const names[ES_SIM_EXCUSES] = {
        [ES_SIM_EXCUSE_READER_OUTSIDE] = "addressee outside the core",
        [ES_SIM_EXCUSE_NEVER_REACHABLE] = "never reachable",
        [ES_SIM_EXCUSE_NO_COPY] = "no surviving copy",
    };

    return names[excuse];
}

uint32_t es_sim_heal_awaited(const struct es_sim_world *world, const struct es_sim_node *node)
{
    uint32_t awaited = 0;

    for (size_t i = 0; i < node->n_friends; i++) {
        const struct es_sim_friend *friend = &node->friends[i];
        struct es_contact_view view;

        if (!world->nodes[friend->node].outside &&
            es_core_contact(node->core, friend->contact, &view))
            awaited += view.queued;
    }
    return awaited;
}
