/* SPDX-License-Identifier: ISC */
/* The simulator's timers: whatever is set, the next one is the earliest, of several the first node's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/rng.h"
#include "sim/timers.h"

#define NODES 37
#define CHANGES 5000

static uint32_t earliest(const uint64_t *at_ms)
{
    uint32_t found = 0;

    for (uint32_t i = 1; i < NODES; i++)
        if (at_ms[i] < at_ms[found])
            found = i;
    return found;
}

static void the_next_is_the_earliest_after_any_change(void **state)
{
    struct es_sim_rng rng = es_sim_rng(1, ES_SIM_FAULTS, 0);
    struct es_sim_timers timers;
    uint64_t at_ms[NODES];
    uint32_t node;

    (void)state;
    es_sim_timers_init(&timers, NODES);
    assert_int_equal(es_sim_timers_next(&timers, &node), UINT64_MAX);
    for (size_t i = 0; i < NODES; i++)
        at_ms[i] = UINT64_MAX;
    for (int i = 0; i < CHANGES; i++) {
        uint32_t changed = (uint32_t)es_sim_below(&rng, NODES);

        at_ms[changed] = es_sim_chance(&rng, 200) ? UINT64_MAX : es_sim_below(&rng, 100);
        es_sim_timers_set(&timers, changed, at_ms[changed]);
        assert_int_equal(es_sim_timers_next(&timers, &node), at_ms[earliest(at_ms)]);
        assert_int_equal(node, earliest(at_ms));
    }
    es_sim_timers_done(&timers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_is_the_earliest_after_any_change),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
