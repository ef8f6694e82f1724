/* SPDX-License-Identifier: ISC */
/* faults.c - what happens at times of the chaos: clocks are set, pairs of nodes are cut off from each
 * other, disks go back. (Links break in links.c, nodes die in disk/, their network processes in node.c.) */
#include "sim/record.h"
#include "sim/world.h"

#define YEAR_MS (365ull * 24 * 60 * 60 * 1000)
#define JUMP_YEARS_MAX 10
#define CUT_MS_MAX 120000
#define BACK_MS_MAX 120000

enum fault {
    FAULT_CLOCK, /* b: nothing        */
    FAULT_CUT,   /* b: the other node */
    FAULT_HEAL,  /* b: the other node */
    FAULT_KEEP,  /* b: nothing        */
    FAULT_BACK,  /* b: nothing        */
    FAULT_STRANGER,
};

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

bool es_sim_fault(struct es_sim_world *world, struct es_sim_node *node, enum es_sim_id_kind kind,
                  struct es_sim_rng *rng, uint32_t permille)
{
    return !world->calm && es_sim_chance(rng, permille) && es_sim_happens(world, node, kind);
}

static void plan(struct es_sim_world *world, enum fault fault, uint64_t at_ms, uint32_t node,
                 uint32_t other)
{
    es_sim_queue_push(
        &world->queue,
        &(struct es_sim_event){
            .at_ms = at_ms, .kind = ES_SIM_FAULT, .node = node, .a = (uint32_t)fault, .b = other});
}

static void plan_some(struct es_sim_world *world, enum fault fault, uint32_t count)
{
    uint32_t n = world->options.nodes;

    for (uint32_t i = 0; i < count; i++) {
        uint64_t at_ms = world->now_ms + 1 + es_sim_below(&world->faults, world->options.chaos_ms);
        uint32_t node = (uint32_t)es_sim_below(&world->faults, n);
        uint32_t other = (node + 1 + (uint32_t)es_sim_below(&world->faults, n - 1)) % n;

        plan(world, fault, at_ms, node, other);
        if (fault == FAULT_CUT)
            plan(world, FAULT_HEAL, at_ms + 1 + es_sim_below(&world->faults, CUT_MS_MAX), node,
                 other);
        if (fault == FAULT_KEEP)
            plan(world, FAULT_BACK, at_ms + 1 + es_sim_below(&world->faults, BACK_MS_MAX), node, 0);
    }
}

void es_sim_faults_plan(struct es_sim_world *world)
{
    plan_some(world, FAULT_CLOCK, world->options.clock_jumps);
    plan_some(world, FAULT_CUT, world->options.partitions);
    plan_some(world, FAULT_STRANGER, world->options.stranger_visits);
    if (world->options.store == ES_SIM_STORE_SQLITE)
        plan_some(world, FAULT_KEEP, world->options.rollbacks);
}

static void set_clock(struct es_sim_world *world, struct es_sim_node *node)
{
    const uint64_t far_ms = JUMP_YEARS_MAX * YEAR_MS;
    uint64_t span_ms = es_sim_chance(&world->faults, 500) ? far_ms : 60 * 60 * 1000;

    int64_t offset_ms = (int64_t)es_sim_below(&world->faults, 2 * span_ms) - (int64_t)span_ms;

    if (es_sim_happens(world, node, ES_SIM_ID_CLOCK_JUMP))
        node->wall_offset_ms = offset_ms;
}

void es_sim_faults_event(struct es_sim_world *world, const struct es_sim_event *event)
{
    struct es_sim_node *node = &world->nodes[event->node];

    switch ((enum fault)event->a) {
    case FAULT_CLOCK:
        set_clock(world, node);
        break;
    case FAULT_CUT:
        if (!world->calm && es_sim_happens(world, node, ES_SIM_ID_SEGMENT_CUT))
            es_sim_network_cut(world, event->node, event->b, true);
        break;
    case FAULT_HEAL:
        es_sim_network_cut(world, event->node, event->b, false);
        break;
    case FAULT_KEEP:
        if (!es_sim_is_absent(world, event->node))
            es_sim_disk_keep(world, node);
        break;
    case FAULT_STRANGER:
        if (!world->calm && es_sim_happens(world, node, ES_SIM_ID_STRANGER))
            es_sim_strangers_visit(world, node);
        break;
    case FAULT_BACK:
        if (!world->calm && es_sim_happens(world, node, ES_SIM_ID_ROLLBACK))
            es_sim_disk_go_back(world, node);
        break;
    }
}

void es_sim_faults_end(struct es_sim_world *world)
{
    es_sim_network_heal(world);
}
