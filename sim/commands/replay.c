/* SPDX-License-Identifier: ISC */
/* replay.c - a seed, a scenario, or the first failure in a file of results, with everything that happens. */
#include <stdio.h>

#include "sim/commands/commands.h"
#include "sim/result.h"

static int run(const struct es_sim_args *args)
{
    struct es_sim_options options;
    struct es_sim_result result;
    char repro[1024], sets[512];

    if (!es_sim_read_world(args->operands[0], &options) || !es_sim_args_apply(args, &options))
        return ES_SIM_COULD_NOT_RUN;
    options.trace = args->record == NULL;
    if (!es_sim_run_recorded(args, &options, &result))
        return ES_SIM_COULD_NOT_RUN;
    es_sim_result_print(&result);
    es_sim_args_sets(args, sets, sizeof(sets));
    snprintf(repro, sizeof(repro), "%s replay %s%s", args->program, args->operands[0], sets);
    if (result.violation[0] != '\0')
        es_sim_result_explain(&result, repro, stderr);
    return (int)es_sim_result_verdict(&result);
}

const struct es_sim_command es_sim_replay = {
    .name = "replay",
    .operands = "SEED|FILE",
    .n_operands = 1,
    .takes = "sdrb",
    .help =
        "Runs what a seed draws, a scenario, the world of a trace, or the first failure of a file "
        "that\n"
        "swarm --json wrote (\"-\" for the standard input), and prints everything that happens.",
    .run = run,
};
