/* SPDX-License-Identifier: ISC */
/* diff.c - where two runs part: of two worlds, or of one world with an option changed. */
#include <stdio.h>
#include <stdlib.h>

#include "sim/commands/commands.h"
#include "sim/result.h"

#define BEFORE 3

static void print_around(const struct es_sim_steps *a, const struct es_sim_steps *b, size_t at)
{
    char text[80];

    for (size_t i = at < BEFORE ? 0 : at - BEFORE; i < at; i++) {
        es_sim_steps_name(a, i, text, sizeof(text));
        printf("  %zu %s\n", i + 1, text);
    }
    es_sim_steps_name(a, at, text, sizeof(text));
    printf("- %zu %s\n", at + 1, text);
    es_sim_steps_name(b, at, text, sizeof(text));
    printf("+ %zu %s\n", at + 1, text);
}

static int run(const struct es_sim_args *args)
{
    struct es_sim_options options[2];
    struct es_sim_steps steps[2] = {{.n = 0}};
    struct es_sim_result results[2];
    size_t at;

    if (!es_sim_read_world(args->operands[0], &options[0]) ||
        !es_sim_read_world(args->operands[1], &options[1]) || !es_sim_args_apply(args, &options[1]))
        return ES_SIM_COULD_NOT_RUN;
    for (size_t i = 0; i < 2; i++)
        es_sim_result_run(&options[i], &(struct es_sim_observers){.steps = &steps[i]}, &results[i]);
    at = es_sim_steps_part(&steps[0], &steps[1]);
    if (at < steps[0].n || at < steps[1].n)
        print_around(&steps[0], &steps[1], at);
    free(steps[0].all);
    free(steps[1].all);
    return at < steps[0].n || at < steps[1].n;
}

const struct es_sim_command es_sim_diff = {
    .name = "diff",
    .operands = "SEED|SCENARIO SEED|SCENARIO",
    .n_operands = 2,
    .takes = "sd",
    .help =
        "Runs two worlds and prints the first event after which they differ. --set changes the\n"
        "second: `diff 18 18 --set node.crash=0`. Exit code 1: they differ.",
    .run = run,
};
