/* SPDX-License-Identifier: ISC */
/* bench.c - how fast time passes: 16 nodes, every family of faults at the middle of its range. */
#include <stdio.h>
#include <time.h>

#include "sim/commands/commands.h"
#include "sim/result.h"

/* The middle of a range of magnitudes: its geometric mean. */
static uint64_t middle(uint64_t least, uint64_t most)
{
    uint64_t value = least;

    while (2 * value * 2 * value <= least * most)
        value *= 2;
    return value;
}

static struct es_sim_options faults(void)
{
    struct es_sim_options options = es_sim_options_default();

    for (size_t i = 0; i < es_sim_option_count; i++) {
        const struct es_sim_option *option = &es_sim_option_table[i];

        if (option->family != ES_SIM_FIXED && option->family != ES_SIM_ALWAYS)
            es_sim_option_set(&options, option, middle(option->drawn_least, option->drawn_most));
    }
    options.nodes = 16;
    return options;
}

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int run(const struct es_sim_args *args)
{
    struct es_sim_options options = faults();
    struct es_sim_result result = {.violation = ""};
    double virtual_s = 0, events = 0, began = seconds(), took;

    if (!es_sim_args_apply(args, &options))
        return ES_SIM_COULD_NOT_RUN;
    for (uint64_t i = 0; i < args->seeds && result.violation[0] == '\0'; i++) {
        options.seed = args->first + i;
        es_sim_result_run(&options, NULL, &result);
        virtual_s += (double)result.now_ms / 1000;
        events += (double)result.events;
    }
    took = seconds() - began;
    if (args->json)
        printf("{\"nodes\":%u,\"virtual_s_per_s\":%.0f,\"events_per_s\":%.0f,\"bytes_per_node\":%"
               "llu}\n",
               options.nodes, virtual_s / took, events / took,
               (unsigned long long)result.node_bytes);
    else
        printf("%u nodes: %.0f virtual seconds and %.0f events per second, %llu bytes per node\n",
               options.nodes, virtual_s / took, events / took,
               (unsigned long long)result.node_bytes);
    if (result.violation[0] != '\0')
        es_sim_result_explain(&result, "earshot-sim bench", stderr);
    return (int)es_sim_result_verdict(&result);
}

const struct es_sim_command es_sim_bench = {
    .name = "bench",
    .operands = "",
    .takes = "nfsdJ",
    .help = "Measures how fast virtual time passes for 16 nodes with every family of faults.",
    .run = run,
};
