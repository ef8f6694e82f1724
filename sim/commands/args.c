/* SPDX-License-Identifier: ISC */
/* args.c - the command line: every option there is, of which each command takes some. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/commands/commands.h"
#include "sim/scenario/scenario.h"

static const struct {
    const char *name, *value, *help;
    char letter;
} known[] = {
    {"seeds", "N", "so many worlds, 1 unless given", 'n'},
    {"first", "SEED", "the first of them, 1 unless given", 'f'},
    {"seed", "SEED", "this one, whatever the file says", 'e'},
    {"jobs", "N", "so many processes at a time", 'j'},
    {"shard", "I/N", "the I-th of N parts: every N-th world", 'i'},
    {"list", "FILE", "the worlds of a file of results instead of drawn ones", 'l'},
    {"set", "NAME=VALUE", "one option, over whatever was drawn or read", 's'},
    {"store", "KIND", "as --set disk.store=KIND: memory or sqlite", 'd'},
    {"json", NULL, "a line of JSON for each world", 'J'},
    {"twice", NULL, "run each world twice, which must not differ", 't'},
    {"trace", NULL, "print everything that happens", 'v'},
    {"record", "FILE", "write the trace: JSON Lines, docs/trace.md", 'r'},
    {"bytes", NULL, "... with the bytes of all frames", 'b'},
    {"output", "FILE", "where to write what comes out; else the standard output", 'O'},
    {"budget", "SECONDS", "begin nothing new after so long, 120 unless given", 'B'},
    {"csv", NULL, "comma-separated values", 'C'},
    {"pcapng", NULL, "packets with made-up Ethernet, IPv6 and TCP headers", 'P'},
    {"options", NULL, "print all options as a scenario, and run nothing", 'o'},
};
#define N_KNOWN (sizeof(known) / sizeof(known[0]))

bool es_sim_parse_number(const char *text, uint64_t *ret)
{
    char *end;

    errno = 0;
    *ret = strtoull(text, &end, 0);
    return errno == 0 && end != text && *end == '\0' && text[0] != '-';
}

static bool parse_shard(const char *text, struct es_sim_args *args)
{
    char copy[48];
    char *slash;

    snprintf(copy, sizeof(copy), "%s", text);
    slash = strchr(copy, '/');
    if (slash == NULL)
        return false;
    *slash = '\0';
    return es_sim_parse_number(copy, &args->shard) &&
           es_sim_parse_number(slash + 1, &args->shards) && args->shard >= 1 &&
           args->shard <= args->shards;
}

static bool add_set(struct es_sim_args *args, const char *assignment)
{
    if (args->n_sets == ES_SIM_SETS_MAX)
        return false;
    args->sets[args->n_sets++] = assignment;
    return true;
}

static bool take(struct es_sim_args *args, char letter, const char *value)
{
    switch (letter) {
    case 'n':
        args->has_seeds = true;
        return es_sim_parse_number(value, &args->seeds);
    case 'f':
        return es_sim_parse_number(value, &args->first);
    case 'e':
        args->has_seed = true;
        return es_sim_parse_number(value, &args->seed);
    case 'j':
        return es_sim_parse_number(value, &args->jobs) && args->jobs >= 1 && args->jobs <= 1024;
    case 'i':
        return parse_shard(value, args);
    case 'l':
        args->list = value;
        return true;
    case 'O':
        args->output = value;
        return true;
    case 'B':
        return es_sim_parse_number(value, &args->budget_s);
    case 'C':
        args->csv = true;
        return true;
    case 'P':
        args->pcapng = true;
        return true;
    case 'r':
        args->record = value;
        return true;
    case 'b':
        args->frame_bytes = true;
        return true;
    case 's':
        return add_set(args, value);
    case 'd':
        return add_set(args,
                       strcmp(value, "sqlite") == 0 ? "disk.store=sqlite" : "disk.store=memory") &&
               (strcmp(value, "sqlite") == 0 || strcmp(value, "memory") == 0);
    case 'J':
        args->json = true;
        return true;
    case 't':
        args->twice = true;
        return true;
    case 'v':
        args->trace = true;
        return true;
    default:
        args->options = true;
        return letter == 'o';
    }
}

bool es_sim_args_parse(int argc, char **argv, const struct es_sim_command *command,
                       struct es_sim_args *ret)
{
    struct option options[N_KNOWN + 1] = {0};
    size_t n = 0;
    int letter;

    for (size_t i = 0; i < N_KNOWN; i++)
        if (strchr(command->takes, known[i].letter) != NULL)
            options[n++] =
                (struct option){.name = known[i].name,
                                .has_arg = known[i].value == NULL ? no_argument : required_argument,
                                .val = known[i].letter};
    *ret = (struct es_sim_args){
        .first = 1, .seeds = 1, .jobs = 1, .shard = 1, .shards = 1, .budget_s = 120};
    while ((letter = getopt_long(argc, argv, "", options, NULL)) != -1)
        if (letter == '?' || !take(ret, (char)letter, optarg))
            return false;
    ret->operands = argv + optind;
    ret->n_operands = (size_t)(argc - optind);
    return ret->n_operands == command->n_operands ||
           (command->more && ret->n_operands > command->n_operands);
}

void es_sim_args_help(const struct es_sim_command *command)
{
    char option[40];

    printf("usage: earshot-sim %s %s [OPTIONS]\n\n%s\n\n", command->name, command->operands,
           command->help);
    for (size_t i = 0; i < N_KNOWN; i++)
        if (strchr(command->takes, known[i].letter) != NULL) {
            snprintf(option, sizeof(option), "--%s %s", known[i].name,
                     known[i].value == NULL ? "" : known[i].value);
            printf("  %-20s  %s\n", option, known[i].help);
        }
}

bool es_sim_args_apply(const struct es_sim_args *args, struct es_sim_options *options)
{
    struct es_sim_refusal refusal;

    options->trace = args->trace;
    for (size_t i = 0; i < args->n_sets; i++)
        if (!es_sim_scenario_set(options, args->sets[i], &refusal)) {
            fprintf(stderr, "earshot-sim: --set %s: %s\n", args->sets[i], refusal.reason);
            return false;
        }
    return true;
}

void es_sim_args_sets(const struct es_sim_args *args, char *buf, size_t cap)
{
    size_t len = 0;

    buf[0] = '\0';
    for (size_t i = 0; i < args->n_sets && len < cap; i++)
        len += (size_t)snprintf(buf + len, cap - len, " --set %s", args->sets[i]);
}
