/* SPDX-License-Identifier: ISC */
/* run.c - one world, from a scenario. */
#include <stdio.h>

#include "sim/commands/commands.h"
#include "sim/result.h"
#include "sim/scenario/scenario.h"

static void print_options(const struct es_sim_options *options)
{
    json_t *json = es_sim_scenario_json(options);

    json_dumpf(json, stdout, JSON_INDENT(2) | ES_SIM_SCENARIO_DIGITS);
    putchar('\n');
    json_decref(json);
}

static int run(const struct es_sim_args *args)
{
    struct es_sim_options options;
    struct es_sim_result result;
    char repro[1024], sets[512];

    if (!es_sim_read_scenario(args->operands[0], &options))
        return ES_SIM_COULD_NOT_RUN;
    if (args->has_seed)
        options.seed = args->seed;
    if (!es_sim_args_apply(args, &options))
        return ES_SIM_COULD_NOT_RUN;
    if (!args->json)
        print_options(&options);
    if (args->options)
        return 0;
    if (args->twice)
        es_sim_result_run_twice(&options, &result);
    else if (!es_sim_run_recorded(args, &options, &result))
        return ES_SIM_COULD_NOT_RUN;
    if (args->json)
        es_sim_result_print_json(&result, &options);
    else
        es_sim_result_print(&result);
    es_sim_args_sets(args, sets, sizeof(sets));
    snprintf(repro, sizeof(repro), "%s run %s --seed %llu %s%s", args->program, args->operands[0],
             (unsigned long long)options.seed, args->twice ? "--twice" : "--trace", sets);
    if (result.violation[0] != '\0')
        es_sim_result_explain(&result, repro, stderr);
    return (int)es_sim_result_verdict(&result);
}

const struct es_sim_command es_sim_run = {
    .name = "run",
    .operands = "SCENARIO",
    .n_operands = 1,
    .takes = "esdJtvorb",
    .help =
        "Runs the world of a scenario, \"-\" for the standard input, and prints all its options.",
    .run = run,
};
