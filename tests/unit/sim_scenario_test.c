/* SPDX-License-Identifier: ISC */
/* sim_scenario_test.c - scenarios are read strictly; what is printed is read as the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "sim/scenario/scenario.h"

static void assert_same(const struct es_sim_options *a, const struct es_sim_options *b)
{
    for (size_t i = 0; i < es_sim_option_count; i++)
        assert_int_equal(es_sim_option_get(a, &es_sim_option_table[i]),
                         es_sim_option_get(b, &es_sim_option_table[i]));
    assert_string_equal(a->name, b->name);
}

static void assert_round_trip(const struct es_sim_options *options)
{
    json_t *json = es_sim_scenario_json(options);
    char *text = json_dumps(json, JSON_INDENT(2) | ES_SIM_SCENARIO_DIGITS);
    struct es_sim_refusal refusal = {.reason = ""};
    struct es_sim_options again;

    assert_true(es_sim_scenario_parse(text, &again, &refusal));
    assert_same(options, &again);
    free(text);
    json_decref(json);
}

static void assert_refused(const char *text, size_t line, size_t column, const char *reason)
{
    struct es_sim_refusal refusal = {.line = 0};
    struct es_sim_options options;

    assert_false(es_sim_scenario_parse(text, &options, &refusal));
    assert_non_null(strstr(refusal.reason, reason));
    assert_int_equal(refusal.line, line);
    assert_int_equal(refusal.column, column);
}

static void what_is_printed_is_a_scenario(void **state)
{
    struct es_sim_options options = es_sim_options_default();

    (void)state;
    assert_round_trip(&options);
    for (uint64_t seed = 0; seed < 500; seed++) {
        options = es_sim_options_draw(seed);
        snprintf(options.name, sizeof(options.name), "seed \"%d\"", (int)seed);
        assert_round_trip(&options);
    }
}

static void every_limit_survives_printing(void **state)
{
    (void)state;
    for (size_t i = 0; i < es_sim_option_count; i++) {
        const struct es_sim_option *option = &es_sim_option_table[i];
        struct es_sim_options options = es_sim_options_default();

        es_sim_option_set(&options, option, option->least);
        assert_round_trip(&options);
        es_sim_option_set(&options, option, option->most);
        assert_round_trip(&options);
    }
}

static void what_is_not_mentioned_has_its_default(void **state)
{
    struct es_sim_options options, usual = es_sim_options_default();
    struct es_sim_refusal refusal;

    (void)state;
    assert_true(es_sim_scenario_parse("{\"//\": \"a remark\"}", &options, &refusal));
    assert_same(&options, &usual);
    assert_true(es_sim_scenario_parse("{\"seed\": \"0xffffffffffffffff\", \"chaos\": \"90s\","
                                      " \"node\": {\"crash\": 0.005}, \"name\": \"n\"}",
                                      &options, &refusal));
    assert_int_equal(options.seed, UINT64_MAX);
    assert_int_equal(options.chaos_ms, 90000);
    assert_int_equal(options.crash, 5);
    assert_string_equal(options.name, "n");
}

static void what_is_not_understood_is_refused_with_its_place(void **state)
{
    (void)state;
    assert_refused("{\"seed\": 1,\n  \"nodez\": 3}", 2, 3, "unknown key \"nodez\"");
    assert_refused("{\"disk\": {\"store\": \"memory\", \"lost\": 1}}", 1, 30,
                   "unknown key \"disk.lost\"");
    assert_refused("{\"node.crash\": 0.1}", 1, 2, "unknown key");
    assert_refused("{\"a\\nb\": 0.1}", 1, 2, "unknown key");
    assert_refused("{\"seed\": 1, \"seed\": 2}", 1, 18, "duplicate");
    assert_refused("[1]", 1, 1, "object");
    assert_refused("{\"node\": 3}", 1, 10, "object");
    assert_refused("{\"seed\": 1", 1, 10, "expected");
}

static void a_bad_value_is_refused_with_its_place(void **state)
{
    (void)state;
    assert_refused("{\"//\": \"{[\\\"\", \"//\\u0000\": 1}", 1, 25, "NUL");
    assert_refused("{\"name\": \"\xc3\xa4\xc3\xb6\", \"nodes\": 1}", 1, 25, "from 2 to 10000");
    assert_refused("{\"nodes\": 2.5}", 1, 11, "whole number");
    assert_refused("{\"nodes\": -2}", 1, 11, "whole number");
    assert_refused("{\"chaos\": 90}", 1, 11, "with its unit");
    assert_refused("{\"chaos\": \"-1s\"}", 1, 11, "with its unit");
    assert_refused("{\"chaos\": \"90 s\"}", 1, 11, "with its unit");
    assert_refused("{\"chaos\": \"99999999999999999999s\"}", 1, 11, "with its unit");
    assert_refused("{\"chaos\": \"400d\"}", 1, 11, "to \"30d\"");
    assert_refused("{\"node\": {\"down\": \"1s\",\n \"crash\": 1.5}}", 2, 11, "chance");
    assert_refused("{\"node\": {\"crash\": 0.0005}}", 1, 20, "chance");
    assert_refused("{\"audit\": 1}", 1, 11, "true or false");
    assert_refused("{\"mutant\": \"send_late\"}", 1, 12, "earshot-sim mutants");
    assert_refused("{\"disk\": {\"store\": \"tape\"}}", 1, 20, "memory");
}

static void one_option_is_set_by_its_name(void **state)
{
    struct es_sim_options options = es_sim_options_default();
    struct es_sim_refusal refusal;

    (void)state;
    assert_true(es_sim_scenario_set(&options, "nodes=7", &refusal));
    assert_true(es_sim_scenario_set(&options, "chaos=5m", &refusal));
    assert_true(es_sim_scenario_set(&options, "disk.store=sqlite", &refusal));
    assert_int_equal(options.nodes, 7);
    assert_int_equal(options.chaos_ms, 300000);
    assert_int_equal(options.store, ES_SIM_STORE_SQLITE);
    assert_false(es_sim_scenario_set(&options, "nodes", &refusal));
    assert_false(es_sim_scenario_set(&options, "nodes=", &refusal));
    assert_false(es_sim_scenario_set(&options, "loss=0.1", &refusal));
    assert_int_equal(options.nodes, 7);
}

/* Half of the seeds have a family of faults; all its options are on or off together. */
static void families_are_drawn_as_a_whole(void **state)
{
    size_t with_crashes = 0, small = 0;

    (void)state;
    for (uint64_t seed = 0; seed < 2000; seed++) {
        struct es_sim_options options = es_sim_options_draw(seed);

        for (size_t i = 0; i < es_sim_option_count; i++) {
            const struct es_sim_option *option = &es_sim_option_table[i];
            uint64_t value = es_sim_option_get(&options, option);

            if (option->family != ES_SIM_FIXED && value != option->usual)
                assert_true(value >= option->drawn_least && value <= option->drawn_most);
        }
        with_crashes += options.crash > 0;
        small += options.delay_ms_max < 16;
        if (options.crash == 0)
            assert_int_equal(options.down_ms_max, es_sim_options_default().down_ms_max);
    }
    assert_in_range(with_crashes, 900, 1100);
    assert_in_range(small, 900, 1100); /* 1 to 15 of 1 to 200: four of eight doublings */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_printed_is_a_scenario),
        cmocka_unit_test(every_limit_survives_printing),
        cmocka_unit_test(what_is_not_mentioned_has_its_default),
        cmocka_unit_test(what_is_not_understood_is_refused_with_its_place),
        cmocka_unit_test(a_bad_value_is_refused_with_its_place),
        cmocka_unit_test(one_option_is_set_by_its_name),
        cmocka_unit_test(families_are_drawn_as_a_whole),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
