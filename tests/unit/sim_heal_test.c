/* SPDX-License-Identifier: ISC */
/* Who is left when the chaos ends, and which texts need not arrive then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/heal.h"

#define NODES 24

/* Nobody runs; a ring in which each knows its two neighbours. */
static struct es_sim_world *healed(uint64_t seed, uint32_t core_share)
{
    struct es_sim_options options = es_sim_options_default();
    struct es_sim_world *world;

    options.seed = seed;
    options.nodes = NODES;
    options.contacts = 2;
    options.core_share = core_share;
    world = es_sim_world_new(&options);
    es_sim_heal(world);
    return world;
}

static uint32_t count_left(const struct es_sim_world *world)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < NODES; i++)
        n += !world->nodes[i].outside;
    return n;
}

static void everybody_is_left_unless_told_otherwise(void **state)
{
    struct es_sim_world *world = healed(1, 1000);

    (void)state;
    assert_int_equal(count_left(world), NODES);
    es_sim_world_free(world);
}

/* On a ring a connected part is one arc: it has one beginning. */
static void the_core_has_its_size_and_is_connected(void **state)
{
    uint32_t first_left[2] = {0, 0};

    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct es_sim_world *world = healed(seed, 500);
        uint32_t begins = 0;

        assert_int_equal(count_left(world), NODES / 2);
        for (uint32_t i = 0; i < NODES; i++)
            begins += world->nodes[i].outside && !world->nodes[(i + 1) % NODES].outside;
        assert_int_equal(begins, 1);
        first_left[world->nodes[0].outside]++;
        es_sim_world_free(world);
    }
    assert_true(first_left[0] > 0 && first_left[1] > 0); /* not always the same one */
}

static void two_are_left_at_least(void **state)
{
    struct es_sim_world *world = healed(1, 1);

    (void)state;
    assert_int_equal(count_left(world), 2);
    es_sim_world_free(world);
}

static void what_is_missing_is_explained_by_who_is_gone(void **state)
{
    struct es_sim_world *world = healed(1, 1000);
    struct es_sim_text text = {.written_ms = 10};
    struct es_sim_friend *friend = es_sim_load_friend(&world->nodes[0], 1);

    (void)state;
    friend->texts = &text;
    assert_false(es_sim_heal_explains(world, 0, friend, 0));
    world->nodes[0].outside = true;
    assert_true(es_sim_heal_explains(world, 0, friend, 0));
    assert_int_equal(world->excused[ES_SIM_EXCUSE_NEVER_REACHABLE], 1);
    world->now_ms = 11;
    es_sim_heal_heard(world, 0, 1);
    assert_true(es_sim_heal_explains(world, 0, friend, 0));
    assert_int_equal(world->excused[ES_SIM_EXCUSE_NO_COPY], 1);
    world->nodes[1].outside = true;
    assert_true(es_sim_heal_explains(world, 0, friend, 0));
    assert_int_equal(world->excused[ES_SIM_EXCUSE_READER_OUTSIDE], 1);
    friend->texts = NULL;
    es_sim_world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_is_left_unless_told_otherwise),
        cmocka_unit_test(the_core_has_its_size_and_is_connected),
        cmocka_unit_test(two_are_left_at_least),
        cmocka_unit_test(what_is_missing_is_explained_by_who_is_gone),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
