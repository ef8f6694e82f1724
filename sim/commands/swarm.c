/* SPDX-License-Identifier: ISC */
/* swarm.c - worlds that seeds draw, or of a file of results. */
#include <stdio.h>
#include <stdlib.h>

#include "sim/commands/campaign.h"
#include "sim/commands/commands.h"

struct swarm {
    const struct es_sim_args *args;
    struct es_sim_options *list; /* NULL: seeds draw */
};

static uint64_t place_of(const struct swarm *swarm, uint64_t i)
{
    return swarm->args->shard - 1 + i * swarm->args->shards;
}

static void options_of(void *ctx, uint64_t i, struct es_sim_options *ret)
{
    const struct swarm *swarm = ctx;
    uint64_t place = place_of(swarm, i);

    *ret =
        swarm->list != NULL ? swarm->list[place] : es_sim_options_draw(swarm->args->first + place);
    es_sim_args_apply(swarm->args, ret);
}

static void say_repro(const struct swarm *swarm, uint64_t i, uint64_t seed, char *buf, size_t cap)
{
    const struct es_sim_args *args = swarm->args;
    char sets[512];

    es_sim_args_sets(args, sets, sizeof(sets));
    if (args->twice && swarm->list == NULL)
        snprintf(buf, cap, "%s swarm --twice --first %llu%s", args->program,
                 (unsigned long long)seed, sets);
    else if (swarm->list == NULL)
        snprintf(buf, cap, "%s replay %llu%s", args->program, (unsigned long long)seed, sets);
    else
        snprintf(buf, cap, "sed -n %llup %s | %s replay -%s",
                 (unsigned long long)place_of(swarm, i) + 1, args->list, args->program, sets);
}

static void show(void *ctx, uint64_t i, const struct es_sim_options *options,
                 const struct es_sim_result *result)
{
    const struct swarm *swarm = ctx;
    char repro[1024];

    if (swarm->args->json)
        es_sim_result_print_json(result, options);
    else
        es_sim_result_print(result);
    if (result->violation[0] == '\0')
        return;
    say_repro(swarm, i, result->seed, repro, sizeof(repro));
    es_sim_result_explain(result, repro, stderr);
}

static int run(const struct es_sim_args *args)
{
    struct swarm swarm = {.args = args};
    struct es_sim_campaign campaign = {.jobs = args->jobs,
                                       .twice = args->twice,
                                       .ctx = &swarm,
                                       .options = options_of,
                                       .show = show};
    struct es_sim_options options = es_sim_options_default();
    size_t n = args->seeds;

    if (!es_sim_args_apply(args, &options) ||
        (args->list != NULL && !es_sim_read_lines(args->list, false, &swarm.list, &n))) {
        free(swarm.list);
        return ES_SIM_COULD_NOT_RUN;
    }
    campaign.n = n < args->shard ? 0 : (n - args->shard) / args->shards + 1;
    es_sim_campaign_run(&campaign);
    free(swarm.list);
    if (campaign.audit.worlds > 0 && !args->json)
        es_sim_report_print(&campaign.audit, stderr);
    return (int)campaign.verdict;
}

const struct es_sim_command es_sim_swarm = {
    .name = "swarm",
    .operands = "",
    .takes = "nfjilsdJt",
    .help = "Runs many worlds. Each seed draws nodes, faults and what people do. The exit code is "
            "that\n"
            "of the first that failed.",
    .run = run,
};
