/* SPDX-License-Identifier: ISC */
/* run.c - one world, from a scenario. */
#include <stdio.h>
#include <stdlib.h>

#include "sim/commands/commands.h"
#include "sim/result.h"
#include "sim/scenario/scenario.h"

static bool read_scenario(const char *path, struct es_sim_options *ret)
{
    struct es_sim_refusal refusal;
    char *text = es_sim_read_text(path);
    bool ok = text != NULL && es_sim_scenario_parse(text, ret, &refusal);

    if (text != NULL && !ok)
        fprintf(stderr, "earshot-sim: %s:%zu:%zu: %s\n", path, refusal.line, refusal.column,
                refusal.reason);
    free(text);
    return ok;
}

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

    if (!read_scenario(args->operands[0], &options))
        return ES_SIM_COULD_NOT_RUN;
    if (args->has_seed)
        options.seed = args->seed;
    if (!es_sim_args_apply(args, &options))
        return ES_SIM_COULD_NOT_RUN;
    if (!args->json)
        print_options(&options);
    if (args->options)
        return 0;
    es_sim_result_run(&options, &result);
    if (args->json)
        es_sim_result_print_json(&result, &options);
    else
        es_sim_result_print(&result);
    es_sim_args_sets(args, sets, sizeof(sets));
    snprintf(repro, sizeof(repro), "%s run %s --seed %llu --trace%s", args->program,
             args->operands[0], (unsigned long long)options.seed, sets);
    if (result.violation[0] != '\0')
        es_sim_result_explain(&result, repro, stderr);
    return (int)es_sim_result_verdict(&result);
}

const struct es_sim_command es_sim_run = {
    .name = "run",
    .operands = "SCENARIO",
    .takes = "esdJvo",
    .help =
        "Runs the world of a scenario, \"-\" for the standard input, and prints all its options.",
    .run = run,
};
