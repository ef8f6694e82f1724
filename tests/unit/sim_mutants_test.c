/* SPDX-License-Identifier: ISC */
/* sim_mutants_test.c - the table of mutants says all that is needed to look for each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sim/mutants/mutants.h"
#include "sim/property.h"
#include "sim/scenario/scenario.h"

static void every_mutant_has_a_row_of_its_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < ES_SIM_MUTANTS; i++) {
        assert_non_null(es_sim_mutant_table[i].name);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(es_sim_mutant_table[i].name, es_sim_mutant_table[k].name);
    }
}

static void every_mutant_breaks_properties_that_there_are(void **state)
{
    (void)state;
    for (size_t i = 1; i < ES_SIM_MUTANTS; i++) {
        char ids[64], violation[16], *rest = ids, *id;

        snprintf(ids, sizeof(ids), "%s", es_sim_mutant_table[i].breaks);
        while ((id = strtok_r(rest, " ", &rest)) != NULL) {
            snprintf(violation, sizeof(violation), "%.8s: x", id);
            assert_string_equal(es_sim_property_of(violation)->id, id);
        }
    }
}

static void every_mutant_names_options_that_there_are(void **state)
{
    (void)state;
    for (size_t i = 1; i < ES_SIM_MUTANTS; i++) {
        struct es_sim_options options = es_sim_options_default();
        struct es_sim_refusal refusal;
        char with[256], *rest = with, *word;

        snprintf(with, sizeof(with), "%s", es_sim_mutant_table[i].with);
        while ((word = strtok_r(rest, " ", &rest)) != NULL)
            assert_true(es_sim_scenario_set(&options, word, &refusal));
        assert_true(es_sim_mutant_table[i].seeds > 0);
    }
}

static void the_plain_core_cannot_be_mutated(void **state)
{
    (void)state;
    assert_true(es_sim_mutate_core(ES_MUTANT_NONE));
    assert_false(es_sim_mutate_core(ES_MUTANT_ORDER_IGNORED));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mutant_has_a_row_of_its_own),
        cmocka_unit_test(every_mutant_breaks_properties_that_there_are),
        cmocka_unit_test(every_mutant_names_options_that_there_are),
        cmocka_unit_test(the_plain_core_cannot_be_mutated),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
