/* SPDX-License-Identifier: ISC */
/* Faults come from streams of their own, clocks go as they are told, partitions cut what they say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "sim/clock.h"
#include "sim/faults.h"
#include "sim/network.h"

#define NODES 8
#define DRAWS 200

static struct es_sim_world *world_of(const struct es_sim_options *options)
{
    struct es_sim_world *world = es_sim_world_new(options);

    world->calm = false;
    world->chaos_end_ms = UINT64_MAX;
    for (uint32_t i = 0; i < options->nodes; i++)
        world->nodes[i].up = true; /* without a core: nothing is put into it */
    return world;
}

static void world_free(struct es_sim_world *world)
{
    for (uint32_t i = 0; i < world->options.nodes; i++)
        world->nodes[i].up = false;
    es_sim_world_free(world);
}

static struct es_sim_options many_faults(void)
{
    struct es_sim_options options = es_sim_options_default();

    options.seed = 5;
    options.nodes = NODES;
    options.clock_jumps = options.cuts = options.halves = options.alone = 6;
    options.one_way = options.bridges = options.pauses = options.sleeps = 6;
    options.stranger_visits = 6;
    options.session_ms_max = 5000;
    options.loss = options.duplicate = options.crash = 300;
    return options;
}

/* --- Streams ------------------------------------------------------------------------------------ */

/* All planned faults in order, but those of one kind. */
struct digest {
    uint8_t bytes[32];
};

static struct digest plan_of(const struct es_sim_options *options, enum es_sim_id_kind except)
{
    struct es_sim_world *world = world_of(options);
    struct digest digest = {{0}};
    struct es_sim_event event;

    es_sim_faults_plan(world);
    while (es_sim_queue_pop(&world->queue, &event)) {
        uint64_t words[] = {event.at_ms, event.node, event.a, event.b};

        if (event.a != (uint32_t)except)
            crypto_generichash(digest.bytes, sizeof(digest.bytes), (const uint8_t *)words,
                               sizeof(words), digest.bytes, sizeof(digest.bytes));
    }
    world_free(world);
    return digest;
}

static void a_family_that_is_taken_away_shifts_no_other(void **state)
{
    static const enum es_sim_id_kind kinds[] = {ES_SIM_ID_HALVES, ES_SIM_ID_CLOCK_JUMP,
                                                ES_SIM_ID_CHURN};
    const struct es_sim_options all = many_faults();

    (void)state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct es_sim_options fewer = all;
        struct digest whole = plan_of(&all, kinds[i]), without, everything;

        if (kinds[i] == ES_SIM_ID_HALVES)
            fewer.halves = 0;
        else if (kinds[i] == ES_SIM_ID_CLOCK_JUMP)
            fewer.clock_jumps = 0;
        else
            fewer.session_ms_max = 0;
        without = plan_of(&fewer, kinds[i]);
        everything = plan_of(&all, ES_SIM_ID_KIND_END);
        assert_memory_equal(&whole, &without, sizeof(whole));
        assert_memory_not_equal(&everything, &without, sizeof(whole));
    }
}

/* Which of the next frames of node 1 are struck by this kind, while another strikes or does not. */
static void strikes_of(const struct es_sim_options *options, bool ret[static DRAWS])
{
    struct es_sim_world *world = world_of(options);
    struct es_sim_node *node = &world->nodes[1];

    for (size_t i = 0; i < DRAWS; i++) {
        es_sim_strikes(world, node, ES_SIM_ID_ENVELOPE_LOSS, options->loss);
        ret[i] = es_sim_strikes(world, node, ES_SIM_ID_ENVELOPE_DUPLICATE, options->duplicate);
        es_sim_strikes(world, node, ES_SIM_ID_NODE_CRASH, options->crash);
    }
    world_free(world);
}

static void what_strikes_at_a_frame_is_drawn_by_itself(void **state)
{
    struct es_sim_options options = many_faults();
    bool all[DRAWS], fewer[DRAWS];
    size_t struck = 0;

    (void)state;
    strikes_of(&options, all);
    options.loss = options.crash = 0;
    strikes_of(&options, fewer);
    assert_memory_equal(all, fewer, sizeof(all));
    for (size_t i = 0; i < DRAWS; i++)
        struck += all[i];
    assert_in_range(struck, 20, 120);
}

/* --- Clocks ------------------------------------------------------------------------------------- */

static void a_clock_that_drifts_is_read_both_ways(void **state)
{
    struct es_sim_options options = many_faults();
    struct es_sim_world *world;
    int drifting = 0;

    (void)state;
    options.drift_ppm = 100000;
    world = world_of(&options);
    for (uint32_t i = 0; i < NODES; i++) {
        struct es_sim_node *node = &world->nodes[i];

        drifting += node->clock.ppm != 0;
        for (uint64_t ms = 1; ms < 1000000; ms += 9973) {
            world->now_ms = es_sim_clock_world(node, ms);
            assert_in_range(es_sim_clock_now(world, node), ms, ms + 1);
        }
    }
    assert_true(drifting > NODES / 2);
    world_free(world);
}

static void a_clock_stands_still_in_sleep_and_goes_on_in_a_pause(void **state)
{
    struct es_sim_options options = many_faults();
    struct es_sim_world *world = world_of(&options);
    struct es_sim_node *asleep = &world->nodes[0], *paused = &world->nodes[1];
    struct es_sim_rng rng = es_sim_rng(1, ES_SIM_FAULTS, 0);
    uint64_t before_ms, wall_ms;

    (void)state;
    world->now_ms = 1000;
    before_ms = es_sim_clock_now(world, asleep);
    wall_ms = es_sim_clock_wall(world, asleep);
    es_sim_clock_sleep(world, asleep, &rng);
    es_sim_clock_pause(world, paused, &rng);
    assert_true(es_sim_clock_is_frozen(world, asleep) && es_sim_clock_is_frozen(world, paused));
    world->now_ms = asleep->clock.frozen_until_ms;
    assert_false(es_sim_clock_is_frozen(world, asleep));
    assert_int_equal(es_sim_clock_now(world, asleep), before_ms);
    assert_int_equal(es_sim_clock_now(world, paused), world->now_ms);
    assert_int_equal(es_sim_clock_wall(world, asleep), wall_ms + world->now_ms - 1000);
    world_free(world);
}

static void what_comes_to_a_frozen_node_keeps_its_order(void **state)
{
    struct es_sim_options options = many_faults();
    struct es_sim_world *world = world_of(&options);
    struct es_sim_event event, early = {.kind = ES_SIM_FRAME, .b = 1, .at_ms = 10};
    struct es_sim_event late = {.kind = ES_SIM_FRAME, .b = 2, .at_ms = 500};

    (void)state;
    es_sim_queue_push(&world->queue, &early);
    es_sim_queue_push(&world->queue, &late);
    world->nodes[0].clock.frozen_until_ms = 500;
    world->now_ms = 10;
    assert_true(es_sim_queue_pop(&world->queue, &event));
    assert_true(es_sim_clock_defers(world, &event));
    for (uint32_t b = 1; b <= 2; b++) {
        assert_true(es_sim_queue_pop(&world->queue, &event));
        assert_int_equal(event.at_ms, 500);
        assert_int_equal(event.b, b);
        world->now_ms = event.at_ms;
        assert_false(es_sim_clock_defers(world, &event));
    }
    world_free(world);
}

/* --- Partitions --------------------------------------------------------------------------------- */

typedef void (*partition_fn)(struct es_sim_world *world, struct es_sim_node *node,
                             struct es_sim_rng *rng);

static size_t cuts_of(const struct es_sim_world *world, uint32_t from)
{
    size_t n = 0;

    for (uint32_t to = 0; to < NODES; to++)
        n += es_sim_is_cut(world, from, to);
    return n;
}

static bool is_symmetric(const struct es_sim_world *world)
{
    for (uint32_t a = 0; a < NODES; a++)
        for (uint32_t b = 0; b < NODES; b++)
            if (es_sim_is_cut(world, a, b) != es_sim_is_cut(world, b, a))
                return false;
    return true;
}

static struct es_sim_world *divided(partition_fn partition)
{
    struct es_sim_options options = many_faults();
    struct es_sim_world *world = world_of(&options);
    struct es_sim_rng rng = es_sim_rng(3, ES_SIM_FAULTS, 0);

    partition(world, &world->nodes[2], &rng);
    return world;
}

static void each_partition_cuts_what_it_says(void **state)
{
    struct es_sim_world *world = divided(es_sim_partition_alone);

    (void)state;
    assert_int_equal(cuts_of(world, 2), NODES - 1);
    assert_int_equal(cuts_of(world, 5), 1);
    world_free(world);

    world = divided(es_sim_partition_pair);
    assert_int_equal(cuts_of(world, 2), 1);
    world_free(world);

    world = divided(es_sim_partition_halves);
    assert_true(is_symmetric(world) && cuts_of(world, 2) > 0);
    world_free(world);

    world = divided(es_sim_partition_bridge);
    assert_int_equal(cuts_of(world, 2), 0);
    assert_true(is_symmetric(world) && cuts_of(world, 0) + cuts_of(world, 1) > 0);
    world_free(world);

    world = divided(es_sim_partition_one_way);
    assert_true(cuts_of(world, 2) > 0);
    for (uint32_t b = 0; b < NODES; b++)
        assert_false(es_sim_is_cut(world, 2, b) && es_sim_is_cut(world, b, 2));
    world->now_ms += world->options.partition_ms_max + 1;
    assert_int_equal(cuts_of(world, 2), 0);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_family_that_is_taken_away_shifts_no_other),
        cmocka_unit_test(what_strikes_at_a_frame_is_drawn_by_itself),
        cmocka_unit_test(a_clock_that_drifts_is_read_both_ways),
        cmocka_unit_test(a_clock_stands_still_in_sleep_and_goes_on_in_a_pause),
        cmocka_unit_test(what_comes_to_a_frozen_node_keeps_its_order),
        cmocka_unit_test(each_partition_cuts_what_it_says),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
