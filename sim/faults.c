/* SPDX-License-Identifier: ISC */
/* faults.c - which faults there are, and those that come at times of the chaos.
 *
 * What strikes while something else is done is drawn there: frames in links.c and envelopes.c,
 * batches in disk/, inputs in node.c. */
#include "sim/faults.h"

#include <stddef.h>
#include <string.h>

#include "sim/record.h"

/* Those of a kind that come at times: how many, and what each does. It draws what it needs from a
 * stream of its own. */
static const struct family {
    enum es_sim_id_kind kind;
    size_t count_at; /* of the option that says how many */
    void (*strike)(struct es_sim_world *world, struct es_sim_node *node, struct es_sim_rng *rng);
    bool any_kind_of_store;
} families[] = {
    {ES_SIM_ID_CLOCK_JUMP, offsetof(struct es_sim_options, clock_jumps), es_sim_clock_jump, true},
    {ES_SIM_ID_PAUSE, offsetof(struct es_sim_options, pauses), es_sim_clock_pause, true},
    {ES_SIM_ID_SLEEP, offsetof(struct es_sim_options, sleeps), es_sim_clock_sleep, true},
    {ES_SIM_ID_SEGMENT_CUT, offsetof(struct es_sim_options, cuts), es_sim_partition_pair, true},
    {ES_SIM_ID_HALVES, offsetof(struct es_sim_options, halves), es_sim_partition_halves, true},
    {ES_SIM_ID_ALONE, offsetof(struct es_sim_options, alone), es_sim_partition_alone, true},
    {ES_SIM_ID_ONE_WAY, offsetof(struct es_sim_options, one_way), es_sim_partition_one_way, true},
    {ES_SIM_ID_BRIDGE, offsetof(struct es_sim_options, bridges), es_sim_partition_bridge, true},
    {ES_SIM_ID_STRANGER, offsetof(struct es_sim_options, stranger_visits), es_sim_strangers_visit,
     true},
    {ES_SIM_ID_ROT, offsetof(struct es_sim_options, rot), es_sim_disk_rot, false},
    {ES_SIM_ID_ROLLBACK, offsetof(struct es_sim_options, rollbacks), es_sim_disk_keep, false},
};
#define N_FAMILIES (sizeof(families) / sizeof(families[0]))

bool es_sim_is_absent(const struct es_sim_world *world, uint32_t node)
{
    return es_sim_ids_contain(&world->options.without, ES_SIM_ID_NODE, node, 0);
}

bool es_sim_happens(struct es_sim_world *world, struct es_sim_node *node, enum es_sim_id_kind kind)
{
    const struct es_sim_options *options = &world->options;
    uint32_t n = node->n_faults[kind]++;

    if (es_sim_is_absent(world, node->number) ||
        es_sim_ids_contain(&options->without, kind, node->number, n) ||
        (options->only_faults.given &&
         !es_sim_ids_contain(&options->only_faults, kind, node->number, n)))
        return false;
    es_sim_record_fault(world, node, kind, n);
    return true;
}

struct es_sim_rng es_sim_fault_stream(uint64_t seed, enum es_sim_id_kind kind, uint32_t entity)
{
    return es_sim_rng(seed, ES_SIM_FAULTS,
                      es_sim_rng_entity(es_sim_id_kind_name(kind)) << 32 | entity);
}

bool es_sim_strikes(const struct es_sim_world *world, struct es_sim_node *node,
                    enum es_sim_id_kind kind, uint32_t permille)
{
    return !world->calm && permille > 0 && es_sim_chance(&node->faults[kind], permille);
}

bool es_sim_fault(struct es_sim_world *world, struct es_sim_node *node, enum es_sim_id_kind kind,
                  uint32_t permille)
{
    return es_sim_strikes(world, node, kind, permille) && es_sim_happens(world, node, kind);
}

/* --- At times ----------------------------------------------------------------------------------- */

/* Of the i-th of its kind: when, at which node; and from where it draws everything else. */
struct es_sim_planned {
    uint64_t after_ms;
    uint32_t node;
    struct es_sim_rng rng;
};

/* Planned ones have streams beside those of nodes. */
#define PLANNED 0x80000000u

static struct es_sim_planned draw(const struct es_sim_world *world, enum es_sim_id_kind kind,
                                  uint32_t i)
{
    const struct es_sim_options *options = &world->options;
    struct es_sim_planned planned = {.rng = es_sim_fault_stream(options->seed, kind, PLANNED | i)};

    planned.after_ms = 1 + es_sim_below(&planned.rng, options->chaos_ms);
    planned.node = (uint32_t)es_sim_below(&planned.rng, options->nodes);
    if (options->partition_every_ms > 0 && es_sim_partition_is(kind))
        planned.after_ms = 1 + i * options->partition_every_ms;
    return planned;
}

void es_sim_faults_at(struct es_sim_world *world, enum es_sim_id_kind kind, uint64_t after_ms,
                      uint32_t node, uint32_t i)
{
    es_sim_queue_push(&world->queue, &(struct es_sim_event){.at_ms = world->now_ms + after_ms,
                                                            .kind = ES_SIM_FAULT,
                                                            .node = node,
                                                            .a = (uint32_t)kind,
                                                            .b = i});
}

void es_sim_faults_plan(struct es_sim_world *world)
{
    world->chaos_end_ms = world->now_ms + world->options.chaos_ms;
    for (size_t k = 0; k < N_FAMILIES; k++) {
        uint32_t count;

        memcpy(&count, (const char *)&world->options + families[k].count_at, sizeof(count));
        if (!families[k].any_kind_of_store && world->options.store != ES_SIM_STORE_SQLITE)
            continue;
        for (uint32_t i = 0; i < count; i++) {
            struct es_sim_planned planned = draw(world, families[k].kind, i);

            es_sim_faults_at(world, families[k].kind, planned.after_ms, planned.node, i);
        }
    }
    es_sim_churn_plan(world);
}

void es_sim_faults_event(struct es_sim_world *world, const struct es_sim_event *event)
{
    enum es_sim_id_kind kind = (enum es_sim_id_kind)event->a;
    struct es_sim_node *node = &world->nodes[event->node];
    struct es_sim_planned planned = draw(world, kind, event->b);

    if (world->calm)
        return;
    if (kind == ES_SIM_ID_CHURN)
        es_sim_churn_leave(world, node);
    else if (event->b == ES_SIM_LATER)
        es_sim_disk_go_back(world, node);
    else
        for (size_t k = 0; k < N_FAMILIES; k++)
            if (families[k].kind == kind && es_sim_happens(world, node, kind))
                families[k].strike(world, node, &planned.rng);
}
