/* SPDX-License-Identifier: ISC */
/* bench.c - how fast time passes in worlds of several sizes, and what a node of theirs takes.
 *
 * Rates are per second of the processor, not of the clock on the wall, from the end of the set-up on:
 * so a machine that is shared says the same. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "sim/commands/commands.h"
#include "sim/result.h"
#include "sim/scenario/scenario.h"

/* The middle of a range of magnitudes: its geometric mean. */
static uint64_t middle(uint64_t least, uint64_t most)
{
    uint64_t value = least;

    while (2 * value * 2 * value <= least * most)
        value *= 2;
    return value;
}

static void every_fault(struct es_sim_options *options)
{
    for (size_t i = 0; i < es_sim_option_count; i++) {
        const struct es_sim_option *option = &es_sim_option_table[i];

        if (option->family != ES_SIM_FIXED && option->family != ES_SIM_ALWAYS)
            es_sim_option_set(options, option, middle(option->drawn_least, option->drawn_most));
    }
}

/* The worlds that are measured: with --set each can be changed. */
static const struct world {
    const char *name;
    bool faults;
    const char *sets[5];
} worlds[] = {
    {"faults", true, {"nodes=16", "chaos=10m"}},
    {"segments",
     false,
     {"nodes=1000", "segment.nodes=50", "load.contacts=10", "load.texts=1", "chaos=1h"}},
    {"city",
     false,
     {"nodes=10000", "segment.nodes=50", "load.contacts=10", "load.texts=1", "chaos=1m"}},
};
#define N_WORLDS (sizeof(worlds) / sizeof(worlds[0]))

struct measured {
    double setup_s; /* of the processor; the rest is without it */
    double virtual_s, events, took_s;
    uint64_t core_bytes;
};

static struct es_sim_options options_of(const struct world *world)
{
    struct es_sim_options options = es_sim_options_default();
    struct es_sim_refusal refusal;

    if (world->faults)
        every_fault(&options);
    for (size_t i = 0; i < sizeof(world->sets) / sizeof(world->sets[0]); i++)
        if (world->sets[i] != NULL)
            es_sim_scenario_set(&options, world->sets[i], &refusal);
    return options;
}

static double processor_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void measure(const struct es_sim_options *options, struct es_sim_result *result,
                    struct measured *io)
{
    struct es_sim_world *world = es_sim_world_new(options);
    double began = processor_s(), set_up;
    uint64_t setup_ms, events;

    es_sim_world_setup(world);
    set_up = processor_s();
    setup_ms = world->now_ms;
    events = world->events;
    es_sim_world_live(world);
    io->took_s += processor_s() - set_up;
    io->setup_s += set_up - began;
    io->virtual_s += (double)(world->now_ms - setup_ms) / 1000;
    io->events += (double)(world->events - events);
    es_sim_result_of(world, result);
    io->core_bytes = result->node_bytes;
    es_sim_world_free(world);
}

/* The most that this process ever had: of the largest world up to now. */
static uint64_t process_bytes(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)usage.ru_maxrss * 1024;
}

static void print(const struct world *world, const struct es_sim_options *options,
                  const struct measured *measured, bool json)
{
    double rate = measured->virtual_s / measured->took_s;
    uint64_t node_bytes = process_bytes() / options->nodes;

    if (json)
        printf("{\"world\":\"%s\",\"nodes\":%u,\"virtual_s_per_s\":%.0f,\"events_per_s\":%.0f,"
               "\"node_s_per_s\":%.0f,\"setup_s\":%.2f,\"bytes_per_core\":%llu,"
               "\"bytes_per_node\":%llu}\n",
               world->name, options->nodes, rate, measured->events / measured->took_s,
               rate * options->nodes, measured->setup_s, (unsigned long long)measured->core_bytes,
               (unsigned long long)node_bytes);
    else
        printf("%-8s %5u nodes: %.0f virtual seconds, %.0f events, %.0f node-seconds per second "
               "after %.2f s of set-up; %llu bytes per core, %llu per node in all\n",
               world->name, options->nodes, rate, measured->events / measured->took_s,
               rate * options->nodes, measured->setup_s, (unsigned long long)measured->core_bytes,
               (unsigned long long)node_bytes);
    fflush(stdout);
}

static int bench(const struct world *world, const struct es_sim_args *args)
{
    struct es_sim_options options = options_of(world);
    struct es_sim_result result = {.violation = ""};
    struct measured measured = {0};

    if (!es_sim_args_apply(args, &options))
        return ES_SIM_COULD_NOT_RUN;
    for (uint64_t i = 0; i < args->seeds && result.violation[0] == '\0'; i++) {
        options.seed = args->first + i;
        measure(&options, &result, &measured);
    }
    print(world, &options, &measured, args->json);
    if (result.violation[0] != '\0')
        es_sim_result_explain(&result, "earshot-sim bench", stderr);
    return (int)es_sim_result_verdict(&result);
}

static bool is_asked(const struct es_sim_args *args, const char *name)
{
    for (size_t i = 0; i < args->n_operands; i++)
        if (strcmp(args->operands[i], name) == 0)
            return true;
    return args->n_operands == 0;
}

static bool is_known(const char *name)
{
    for (size_t i = 0; i < N_WORLDS; i++)
        if (strcmp(worlds[i].name, name) == 0)
            return true;
    fprintf(stderr, "earshot-sim: bench: no such world: %s\n", name);
    return false;
}

static int run(const struct es_sim_args *args)
{
    int worst = 0;

    for (size_t i = 0; i < args->n_operands; i++)
        if (!is_known(args->operands[i]))
            return ES_SIM_COULD_NOT_RUN;
    for (size_t i = 0; i < N_WORLDS && worst == 0; i++)
        if (is_asked(args, worlds[i].name))
            worst = bench(&worlds[i], args);
    return worst;
}

const struct es_sim_command es_sim_bench = {
    .name = "bench",
    .operands = "[WORLD...]",
    .more = true,
    .takes = "nfsdJ",
    .help =
        "Measures how fast virtual time passes, and how much memory a node takes. Worlds, all\n"
        "unless some are named: \"faults\", 16 nodes with every family of faults for 10 minutes;\n"
        "\"segments\", 1,000 nodes in segments of 50 with 10 contacts each for an hour; \"city\",\n"
        "10,000 like those for a minute.",
    .run = run,
};
