/* SPDX-License-Identifier: ISC */
/* sim_steps_test.c - the first event after which two runs differ is found, wherever it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/steps.h"

#define STEPS 30001

/* n events; from the one at `parts` on the hashes are others. */
static struct es_sim_steps steps_of(size_t n, size_t parts)
{
    struct es_sim_steps steps = {.n = 0};

    for (size_t i = 0; i < n; i++) {
        const struct es_sim_event event = {.at_ms = i, .kind = ES_SIM_FRAME, .node = 2};
        uint8_t hash[32] = {0};
        uint64_t word = i < parts ? i : i + STEPS;

        memcpy(hash, &word, sizeof(word));
        es_sim_steps_add(&steps, &event, hash);
    }
    return steps;
}

static void assert_part(size_t n, size_t parts, size_t expected)
{
    struct es_sim_steps a = steps_of(STEPS, STEPS), b = steps_of(n, parts);

    assert_int_equal(es_sim_steps_part(&a, &b), expected);
    assert_int_equal(es_sim_steps_part(&b, &a), expected);
    free(a.all);
    free(b.all);
}

static void the_first_difference_is_found(void **state)
{
    static const size_t places[] = {0, 1, 9999, 10000, 10001, 19999, 20000, 29999, 30000};

    (void)state;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        assert_part(STEPS, places[i], places[i]);
}

static void runs_that_are_alike_do_not_part(void **state)
{
    (void)state;
    assert_part(STEPS, STEPS, STEPS);
}

static void the_shorter_run_parts_at_its_end(void **state)
{
    (void)state;
    assert_part(20000, STEPS, 20000);
    assert_part(0, STEPS, 0);
}

static void an_event_has_a_name(void **state)
{
    struct es_sim_steps steps = steps_of(2, 2);
    char name[80];

    (void)state;
    es_sim_steps_name(&steps, 1, name, sizeof(name));
    assert_string_equal(name, "at 0.001 s, node 2: frame");
    es_sim_steps_name(&steps, 2, name, sizeof(name));
    assert_string_equal(name, "the end");
    free(steps.all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_difference_is_found),
        cmocka_unit_test(runs_that_are_alike_do_not_part),
        cmocka_unit_test(the_shorter_run_parts_at_its_end),
        cmocka_unit_test(an_event_has_a_name),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
