/* SPDX-License-Identifier: ISC */
/* main.c - earshot-sim: networks of real nodes from a seed. One table of commands. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/commands/commands.h"
#include "sim/property.h"
#include "sim/scenario/scenario.h"

static const struct es_sim_command *const commands[] = {
    &es_sim_run,     &es_sim_swarm,      &es_sim_replay, &es_sim_shrink,
    &es_sim_explain, &es_sim_export,     &es_sim_sweep,  &es_sim_compare,
    &es_sim_diff,    &es_sim_scan_files, &es_sim_bench,  &es_sim_mutants,
};
#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const struct es_sim_command *find(const char *name)
{
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static char *text_of(const struct es_sim_option *option, uint64_t value)
{
    json_t *json = es_sim_scenario_value(option, value);
    char *text = json_dumps(json, JSON_ENCODE_ANY | ES_SIM_SCENARIO_DIGITS);

    json_decref(json);
    return text;
}

static void print_option(const struct es_sim_option *option)
{
    char *usual = text_of(option, option->usual);

    printf("  %-26s %-10s %s", option->name, usual, option->help);
    free(usual);
    if (option->family != ES_SIM_FIXED) {
        char *least = text_of(option, option->drawn_least);
        char *most = text_of(option, option->drawn_most);

        printf(" [%s%s%s to %s]", es_sim_family_name(option->family),
               option->family == ES_SIM_ALWAYS ? "" : ": ", least, most);
        free(least);
        free(most);
    }
    putchar('\n');
}

static void print_options(void)
{
    puts("Options of a world, with their defaults; in brackets what seeds draw, and the family of\n"
         "faults that half of the seeds have:\n");
    for (size_t i = 0; i < es_sim_option_count; i++)
        print_option(&es_sim_option_table[i]);
    puts(
        "\nLists of ids, as \"node.crash/3/0\", the first crash of node 3 (a trace names them):\n");
    for (size_t i = 0; i < ES_SIM_ID_LIST_COUNT; i++)
        printf("  %-26s            %s\n", es_sim_id_lists[i].name, es_sim_id_lists[i].help);
}

static int help(const char *about)
{
    if (about != NULL && strcmp(about, "options") == 0) {
        print_options();
    } else if (about != NULL && find(about) != NULL) {
        es_sim_args_help(find(about));
    } else if (about != NULL) {
        fprintf(stderr, "earshot-sim: no such command: %s\n", about);
        return ES_SIM_COULD_NOT_RUN;
    } else {
        puts("usage: earshot-sim COMMAND ...\n");
        for (size_t i = 0; i < N_COMMANDS; i++)
            printf("  %-8s %s\n", commands[i]->name, commands[i]->operands);
        puts("  help     [COMMAND|options]\n\n"
             "Exit code: 0 all held, 1 safety, 2 liveness, 3 privacy, 4 resources, 5 a seed ran\n"
             "differently, 125 could not run.");
    }
    return 0;
}

int main(int argc, char **argv)
{
    const struct es_sim_command *command = argc < 2 ? NULL : find(argv[1]);
    struct es_sim_args args;

    if (argc >= 2 && (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0))
        return help(argv[2]);
    if (command == NULL || sodium_init() < 0 ||
        !es_sim_args_parse(argc - 1, argv + 1, command, &args)) {
        fprintf(stderr, "earshot-sim: `earshot-sim help %s` says how it is used\n",
                command == NULL ? "" : command->name);
        return ES_SIM_COULD_NOT_RUN;
    }
    args.program = argv[0];
    args.argv = argv;
    return command->run(&args);
}
