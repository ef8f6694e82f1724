/* SPDX-License-Identifier: ISC */
/* clock.c - each node's clocks: how far they are from the world's, how fast they go, and what happens
 * to them; and nodes that are frozen, whether or not their clocks go on. */
#include "sim/clock.h"

#include "sim/faults.h"
#include "sim/trace.h"

/* 2027-01-15: whatever the machine's clock says. */
#define WALL_MS 1800000000000ull
#define HOUR_MS (60ull * 60 * 1000)
#define YEAR_MS (365ull * ES_SIM_DAY_MS)
#define JUMP_YEARS_MAX 10
#define MILLION 1000000

void es_sim_clock_init(struct es_sim_world *world, struct es_sim_node *node)
{
    const struct es_sim_options *options = &world->options;
    struct es_sim_rng rng = es_sim_rng(options->seed, ES_SIM_CLOCKS, node->number);

    node->clock = (struct es_sim_clock){.ppm = 0};
    if (options->wall_skew_ms > 0)
        node->clock.wall_offset_ms = (int64_t)es_sim_below(&rng, options->wall_skew_ms);
    rng = es_sim_rng(options->seed, ES_SIM_DRIFTS, node->number);
    if (options->drift_ppm > 0)
        node->clock.ppm =
            (int32_t)es_sim_below(&rng, 2 * options->drift_ppm + 1) - (int32_t)options->drift_ppm;
}

/* World time as a clock of this speed counts it. */
static uint64_t counted(const struct es_sim_clock *clock, uint64_t ms)
{
    return ms + (uint64_t)((int64_t)ms * clock->ppm / MILLION);
}

uint64_t es_sim_clock_now(const struct es_sim_world *world, const struct es_sim_node *node)
{
    uint64_t ms = counted(&node->clock, world->now_ms);

    return ms > node->clock.asleep_ms ? ms - node->clock.asleep_ms : 0;
}

uint64_t es_sim_clock_wall(const struct es_sim_world *world, const struct es_sim_node *node)
{
    return WALL_MS + (uint64_t)node->clock.wall_offset_ms + counted(&node->clock, world->now_ms);
}

uint64_t es_sim_clock_world(const struct es_sim_node *node, uint64_t node_ms)
{
    const struct es_sim_clock *clock = &node->clock;
    uint64_t ms;

    if (node_ms > UINT64_MAX / 2 / MILLION)
        return node_ms; /* never, or as good as */
    ms = (node_ms + clock->asleep_ms) * MILLION / (uint64_t)(MILLION + clock->ppm);
    while (counted(clock, ms) < node_ms + clock->asleep_ms)
        ms++;
    return ms;
}

/* --- What happens to them ----------------------------------------------------------------------- */

void es_sim_clock_jump(struct es_sim_world *world, struct es_sim_node *node, struct es_sim_rng *rng)
{
    uint64_t span_ms = es_sim_chance(rng, 500) ? JUMP_YEARS_MAX * YEAR_MS : HOUR_MS;

    es_sim_trace_note(world, node, "its wall clock is set");
    node->clock.wall_offset_ms = (int64_t)es_sim_below(rng, 2 * span_ms) - (int64_t)span_ms;
}

/* For how long; 0: it is down or frozen already. */
static uint64_t freeze(struct es_sim_world *world, struct es_sim_node *node, struct es_sim_rng *rng)
{
    uint64_t ms = es_sim_log_uniform(rng, 1, world->options.pause_ms_max);

    if (!node->up || es_sim_clock_is_frozen(world, node))
        return 0;
    if (ms > world->chaos_end_ms - world->now_ms)
        ms = world->chaos_end_ms - world->now_ms;
    node->clock.frozen_until_ms = world->now_ms + ms;
    return ms;
}

void es_sim_clock_pause(struct es_sim_world *world, struct es_sim_node *node,
                        struct es_sim_rng *rng)
{
    if (freeze(world, node, rng) > 0)
        es_sim_trace_note(world, node, "is frozen");
}

void es_sim_clock_sleep(struct es_sim_world *world, struct es_sim_node *node,
                        struct es_sim_rng *rng)
{
    uint64_t ms = freeze(world, node, rng);

    if (ms > 0)
        es_sim_trace_note(world, node, "sleeps, and its monotonic clock with it");
    node->clock.asleep_ms += ms;
}

bool es_sim_clock_is_frozen(const struct es_sim_world *world, const struct es_sim_node *node)
{
    return node->up && world->now_ms < node->clock.frozen_until_ms;
}

bool es_sim_clock_defers(struct es_sim_world *world, const struct es_sim_event *event)
{
    const struct es_sim_node *node = &world->nodes[event->node];
    struct es_sim_event later = *event;

    if (event->kind == ES_SIM_FAULT || event->kind == ES_SIM_ANNOUNCE ||
        event->kind == ES_SIM_RESTART || !es_sim_clock_is_frozen(world, node))
        return false;
    later.at_ms = node->clock.frozen_until_ms;
    if (event->kind == ES_SIM_WAKE)
        es_sim_timers_set(&world->timers, event->node, later.at_ms);
    else
        es_sim_queue_put_back(&world->queue, &later);
    return true;
}
