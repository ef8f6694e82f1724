/* SPDX-License-Identifier: ISC */
/* sweep.c - a scenario with lists of values for some options: every combination, each with many seeds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/commands/campaign.h"
#include "sim/commands/commands.h"
#include "sim/scenario/scenario.h"

struct sweep {
    const struct es_sim_args *args;
    struct es_sim_options base;
    json_t *values; /* a list for each name: {"link.cut": [0, 0.05]} */
    uint64_t points;
};

/* --- One point of the grid ------------------------------------------------------------------------ */

static void append(char *name, const char *text, size_t len)
{
    size_t at = strlen(name);

    snprintf(name + at, ES_SIM_NAME_BYTES - at, "%.*s", (int)len, text);
}

static void append_value(char *name, const struct es_sim_options *options,
                         const struct es_sim_option *option)
{
    json_t *json = es_sim_scenario_value(option, es_sim_option_get(options, option));
    char *text = json_dumps(json, JSON_ENCODE_ANY | ES_SIM_SCENARIO_DIGITS);
    size_t quotes = json_is_string(json) ? 1 : 0;

    append(name, text + quotes, strlen(text) - 2 * quotes);
    free(text);
    json_decref(json);
}

/* "loss %envelope.loss%" gets the value that it has here. */
static void expand_name(struct es_sim_options *options)
{
    char name[ES_SIM_NAME_BYTES] = "", key[ES_SIM_NAME_BYTES];
    const char *at = options->name, *end;

    while (*at != '\0') {
        const struct es_sim_option *option = NULL;

        end = *at == '%' ? strchr(at + 1, '%') : NULL;
        if (end != NULL) {
            snprintf(key, sizeof(key), "%.*s", (int)(end - at - 1), at + 1);
            option = es_sim_option_find(key);
        }
        if (option != NULL)
            append_value(name, options, option);
        else
            append(name, at, 1);
        at = option != NULL ? end + 1 : at + 1;
    }
    memcpy(options->name, name, sizeof(name));
}

/* The last name's values change fastest, then its seeds. */
static void options_of(void *ctx, uint64_t i, struct es_sim_options *ret)
{
    const struct sweep *sweep = ctx;
    uint64_t place = sweep->args->shard - 1 + i * sweep->args->shards;
    uint64_t point = place / sweep->args->seeds, stride = sweep->points;
    struct es_sim_refusal refusal;
    const char *name;
    json_t *list;

    *ret = sweep->base;
    ret->seed = sweep->args->first + place % sweep->args->seeds;
    json_object_foreach(sweep->values, name, list)
    {
        stride /= json_array_size(list);
        es_sim_scenario_set_json(
            ret, name, json_array_get(list, point / stride % json_array_size(list)), &refusal);
    }
    es_sim_args_apply(sweep->args, ret);
    expand_name(ret);
}

static void show(void *ctx, uint64_t i, const struct es_sim_options *options,
                 const struct es_sim_result *result)
{
    (void)ctx;
    (void)i;
    es_sim_result_print_json(result, options);
}

/* --- The whole ------------------------------------------------------------------------------------ */

static bool prepare(struct sweep *sweep)
{
    struct es_sim_options scratch;
    const char *name;
    json_t *list;

    if (!es_sim_read_sweep(sweep->args->operands[0], &sweep->base, &sweep->values))
        return false;
    sweep->points = 1;
    json_object_foreach(sweep->values, name, list) sweep->points *= json_array_size(list);
    scratch = sweep->base;
    return es_sim_args_apply(sweep->args, &scratch);
}

static int run(const struct es_sim_args *args)
{
    struct sweep sweep = {.args = args};
    struct es_sim_campaign campaign = {.jobs = args->jobs,
                                       .ctx = &sweep,
                                       .options = options_of,
                                       .show = show,
                                       .verdict = ES_SIM_COULD_NOT_RUN};
    uint64_t n;

    if (prepare(&sweep)) {
        n = sweep.points * args->seeds;
        campaign.n = n < args->shard ? 0 : (n - args->shard) / args->shards + 1;
        campaign.verdict = ES_SIM_HELD;
        es_sim_campaign_run(&campaign);
    }
    json_decref(sweep.values);
    return (int)campaign.verdict;
}

const struct es_sim_command es_sim_sweep = {
    .name = "sweep",
    .operands = "FILE",
    .n_operands = 1,
    .takes = "nfjisd",
    .help =
        "Runs a scenario with every combination of the values that it lists, each with --seeds "
        "seeds,\n"
        "and prints a line of JSON for each world:\n\n"
        "    {\"name\": \"loss %envelope.loss%\", \"sweep\": {\"envelope.loss\": [0, 0.05, 0.2]}}",
    .run = run,
};
