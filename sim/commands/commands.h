/* SPDX-License-Identifier: ISC */
/* commands.h - what the program can be asked to do: one file each, one table in main.c. */
#ifndef ES_SIM_COMMANDS_H
#define ES_SIM_COMMANDS_H

#include <stddef.h>

#include "sim/options.h"
#include "sim/result.h"

#define ES_SIM_SETS_MAX 32

/* What the command line said. */
struct es_sim_args {
    const char *program;
    char **argv; /* of the whole program */
    uint64_t first, seeds, jobs;
    uint64_t shard, shards; /* shard from 1 */
    uint64_t seed;
    bool has_seed, has_seeds, json, trace, twice, options;
    const char *list, *record, *output;
    uint64_t budget_s;
    bool csv, pcapng;
    bool frame_bytes;
    const char *sets[ES_SIM_SETS_MAX];
    size_t n_sets;
    char **operands;
    size_t n_operands;
};

struct es_sim_command {
    const char *name;
    const char *operands; /* as the help names them                 */
    size_t n_operands;
    bool more;         /* further ones like the last may follow */
    const char *takes; /* letters of args.c's options             */
    const char *help;
    int (*run)(const struct es_sim_args *args); /* gives the exit code */
};
extern const struct es_sim_command es_sim_run, es_sim_swarm, es_sim_replay, es_sim_bench,
    es_sim_explain, es_sim_export, es_sim_shrink, es_sim_sweep, es_sim_compare, es_sim_diff,
    es_sim_scan_files, es_sim_mutants;

/* --- args.c --- */
bool es_sim_args_parse(int argc, char **argv, const struct es_sim_command *command,
                       struct es_sim_args *ret);
void es_sim_args_help(const struct es_sim_command *command);
/* Options given by --set, over those of a scenario or a seed. False: said why. */
bool es_sim_args_apply(const struct es_sim_args *args, struct es_sim_options *options);
/* " --set NAME=VALUE ..." of all that apply; cut off when it does not fit. */
void es_sim_args_sets(const struct es_sim_args *args, char *buf, size_t cap);
bool es_sim_parse_number(const char *text, uint64_t *ret);

/* --- files.c: "-" is the standard input. NULL or false: said why --- */
bool es_sim_read_scenario(const char *path, struct es_sim_options *ret);
/* ... with the lists of a sweep, which the caller releases. */
bool es_sim_read_sweep(const char *path, struct es_sim_options *ret, json_t **ret_sweep);
/* Runs a world and writes its trace where --record says. False: it could not be written. */
bool es_sim_run_recorded(const struct es_sim_args *args, const struct es_sim_options *options,
                         struct es_sim_result *ret);
/* What a seed draws, a scenario, the first failure of a file of results, or the world of a trace. */
bool es_sim_read_world(const char *operand, struct es_sim_options *ret);
/* It can be opened, and its first line is a result with figures, or begins a trace. */
bool es_sim_is_results(const char *path);
bool es_sim_is_trace(const char *path);
struct es_sim_past {
    uint64_t seed;
    struct es_sim_figures figures;
};
/* Of all lines of results; the caller frees *ret. */
bool es_sim_read_figures(const char *path, struct es_sim_past **ret, size_t *ret_n);
/* Options of the lines of a JSON Lines file of results; the caller frees *ret. */
bool es_sim_read_lines(const char *path, bool failed_only, struct es_sim_options **ret,
                       size_t *ret_n);

#endif
