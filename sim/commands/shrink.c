/* SPDX-License-Identifier: ISC */
/* shrink.c - a world that fails, as a scenario of a few lines that still fails. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/commands/campaign.h"
#include "sim/commands/commands.h"
#include "sim/scenario/scenario.h"
#include "sim/shrink/shrink.h"

static void progress(const struct es_sim_shrink *shrink)
{
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K%llu worlds tried, %llu smaller; %s",
                (unsigned long long)shrink->tried, (unsigned long long)shrink->passed,
                shrink->pass);
}

/* A line for each member, with all that is in it. */
static void print_lines(const json_t *scenario, FILE *out)
{
    const char *separator = "{", *key;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)scenario, key, value)
    {
        char *text = json_dumps(value, JSON_ENCODE_ANY | ES_SIM_SCENARIO_DIGITS);

        fprintf(out, "%s\"%s\": %s", separator, key, text);
        separator = ",\n ";
        free(text);
    }
    fputs("}\n", out);
}

/* Without an output file the command contains the scenario. */
static void say_repro(const struct es_sim_args *args, const json_t *scenario)
{
    char *text = json_dumps(scenario, JSON_COMPACT | ES_SIM_SCENARIO_DIGITS);

    if (args->output != NULL)
        fprintf(stderr, "REPRO: %s run %s --trace\n", args->program, args->output);
    else
        fprintf(stderr, "REPRO: echo '%s' | %s run - --trace\n", text, args->program);
    free(text);
}

static bool print_result(const struct es_sim_args *args, const struct es_sim_shrink *shrink)
{
    json_t *scenario = es_sim_scenario_short_json(&shrink->best);
    FILE *out = args->output == NULL ? stdout : fopen(args->output, "we");
    bool ok = out != NULL;

    if (ok) {
        print_lines(scenario, out);
        ok = args->output == NULL ? fflush(out) == 0 : fclose(out) == 0;
    }
    if (!ok)
        fprintf(stderr, "earshot-sim: %s: %s\n", args->output == NULL ? "output" : args->output,
                strerror(errno));
    else
        say_repro(args, scenario);
    json_decref(scenario);
    return ok;
}

static int run(const struct es_sim_args *args)
{
    struct es_sim_shrink shrink = {
        .jobs = args->jobs, .pass = "", .progress = progress, .stop = es_sim_interrupted};
    struct es_sim_options options;

    if (!es_sim_read_world(args->operands[0], &options))
        return ES_SIM_COULD_NOT_RUN;
    if (args->has_seed)
        options.seed = args->seed;
    if (!es_sim_args_apply(args, &options))
        return ES_SIM_COULD_NOT_RUN;
    es_sim_interrupt_catch();
    if (!es_sim_shrink_begin(&shrink, &options, args->budget_s)) {
        fputs("earshot-sim: nothing to shrink: everything held\n", stderr);
        return ES_SIM_COULD_NOT_RUN;
    }
    es_sim_shrink_run(&shrink);
    fprintf(stderr, "%s%s still broken after %llu steps, %llu worlds tried%s\n",
            isatty(STDERR_FILENO) ? "\r\033[K" : "", shrink.property,
            (unsigned long long)shrink.passed, (unsigned long long)shrink.tried,
            es_sim_shrink_is_over(&shrink) ? "; there was no time to try all" : "");
    return print_result(args, &shrink) ? 0 : ES_SIM_COULD_NOT_RUN;
}

const struct es_sim_command es_sim_shrink = {
    .name = "shrink",
    .operands = "SEED|FILE",
    .n_operands = 1,
    .takes = "esdjOB",
    .help = "Makes a world that fails small: a scenario of a few lines that breaks the same "
            "property.\n"
            "The world is as for replay. Exit code 0: it fails, and is printed; 125: it does not.",
    .run = run,
};
