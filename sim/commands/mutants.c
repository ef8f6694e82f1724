/* SPDX-License-Identifier: ISC */
/* mutants.c - runs each mutant until the simulator notices it. One that survives its seeds is a check
 * that is missing, and fails; so does an unmutated world among the same seeds. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sim/commands/campaign.h"
#include "sim/commands/commands.h"
#include "sim/memory.h"
#include "sim/scenario/scenario.h"

/* A mutant may keep a node busy for ever: such a world has failed, too. */
#define WORLD_S_MAX 60

#define PROGRAM "earshot-sim-mutants"

/* The seeds of one mutant, or of the unmutated build. */
struct hunt {
    const struct es_sim_args *args;
    const struct es_sim_mutant *mutant;
    uint32_t number; /* ES_SIM_MUTANT_NONE: nothing is to be found */
    struct es_sim_campaign campaign;
    struct es_sim_result caught; /* without violation: not yet              */
    struct es_sim_result other;  /* the first that broke something else     */
    uint64_t ms;
};

/* --- The program that can ------------------------------------------------------------------------ */

/* This program has the daemon's core; that with the mutants stands beside it, or where it was
 * installed. Gives the exit code when there is none. */
static int run_mutated(const struct es_sim_args *args)
{
    char path[PATH_MAX + sizeof("/" PROGRAM)] = "";
    ssize_t len = readlink("/proc/self/exe", path, PATH_MAX);
    char *slash;

    path[len > 0 ? len : 0] = '\0';
    slash = strrchr(path, '/');
    if (slash != NULL) {
        memcpy(slash + 1, PROGRAM, sizeof(PROGRAM));
        execv(path, args->argv);
    }
    execv(ES_LIBEXEC_DIR "/" PROGRAM, args->argv);
    fputs("earshot-sim: " PROGRAM " is neither beside this program nor in " ES_LIBEXEC_DIR "\n",
          stderr);
    return ES_SIM_COULD_NOT_RUN;
}

/* --- One mutant ---------------------------------------------------------------------------------- */

static void apply(const char *with, struct es_sim_options *io)
{
    struct es_sim_refusal refusal;
    char copy[512], *rest = copy, *word;

    snprintf(copy, sizeof(copy), "%s", with);
    while ((word = strtok_r(rest, " ", &rest)) != NULL)
        if (!es_sim_scenario_set(io, word, &refusal)) {
            fprintf(stderr, "earshot-sim: %s: %s\n", word, refusal.reason);
            exit(ES_SIM_COULD_NOT_RUN);
        }
}

static void options_of(void *ctx, uint64_t i, struct es_sim_options *ret)
{
    const struct hunt *hunt = ctx;

    *ret = es_sim_options_draw(hunt->args->first + i);
    apply(hunt->mutant->with, ret);
    ret->mutant = hunt->number;
}

/* Of the properties that the mutant is to break. */
static bool is_expected(const struct es_sim_mutant *mutant, const char *violation)
{
    const char *id = es_sim_property_of(violation)->id;
    size_t len = strlen(id);

    for (const char *at = strstr(mutant->breaks, id); at != NULL; at = strstr(at + 1, id))
        if ((at == mutant->breaks || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
            return true;
    return false;
}

static void show(void *ctx, uint64_t i, const struct es_sim_options *options,
                 const struct es_sim_result *result)
{
    struct hunt *hunt = ctx;
    bool mutated = hunt->number != ES_SIM_MUTANT_NONE;

    (void)i;
    (void)options;
    if (result->violation[0] != '\0' && mutated && !is_expected(hunt->mutant, result->violation)) {
        if (hunt->other.violation[0] == '\0')
            hunt->other = *result;
    } else if (result->violation[0] != '\0') {
        hunt->caught = *result;
        hunt->campaign.enough = true;
    }
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K%s: %llu of %llu seeds",
                mutated ? hunt->mutant->name : "unmutated", (unsigned long long)hunt->campaign.done,
                (unsigned long long)hunt->campaign.n);
}

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool run_hunt(struct hunt *hunt, uint64_t seeds)
{
    uint64_t began_ms = now_ms();
    bool ok;

    hunt->campaign = (struct es_sim_campaign){.n = seeds,
                                              .jobs = hunt->args->jobs,
                                              .twice = hunt->number == ES_SIM_MUTANT_ASK_THE_CLOCK,
                                              .limit_s = WORLD_S_MAX,
                                              .quiet = true,
                                              .ctx = hunt,
                                              .options = options_of,
                                              .show = show};
    ok = es_sim_campaign_run(&hunt->campaign);
    hunt->ms = now_ms() - began_ms;
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
    return ok;
}

/* --- Telling ------------------------------------------------------------------------------------- */

/* In a table all columns of one kind begin at one place. */
#define LINE "%-28s %-9s %5llu %7.1fs  %s\n"

static void tell(const struct hunt *hunt)
{
    bool caught = hunt->caught.violation[0] != '\0';
    const char *property = caught ? es_sim_property_of(hunt->caught.violation)->id : "survived";

    if (hunt->args->json)
        printf("{\"mutant\":\"%s\",\"caught\":%s,\"property\":\"%s\",\"seeds\":%llu,\"ms\":%llu}\n",
               hunt->mutant->name, caught ? "true" : "false", caught ? property : "",
               (unsigned long long)hunt->campaign.done, (unsigned long long)hunt->ms);
    else
        printf(LINE, hunt->mutant->name, property, (unsigned long long)hunt->campaign.done,
               (double)hunt->ms / 1000, hunt->mutant->says);
    fflush(stdout);
    if (!caught && hunt->other.violation[0] != '\0')
        fprintf(stderr, "earshot-sim: %s should break %s; seed %llu broke %s\n", hunt->mutant->name,
                hunt->mutant->breaks, (unsigned long long)hunt->other.seed, hunt->other.violation);
}

static void tell_unmutated(const struct hunt *hunt)
{
    char repro[768];

    if (hunt->caught.violation[0] == '\0')
        return;
    snprintf(repro, sizeof(repro), "%s replay %llu, with %s", hunt->args->program,
             (unsigned long long)hunt->caught.seed, hunt->mutant->with);
    es_sim_result_explain(&hunt->caught, repro, stderr);
}

/* --- All of them --------------------------------------------------------------------------------- */

static bool is_wanted(const struct es_sim_args *args, uint32_t number)
{
    for (size_t i = 0; i < args->n_operands; i++)
        if (strcmp(args->operands[i], es_sim_mutant_table[number].name) == 0)
            return true;
    return args->n_operands == 0;
}

/* The same options were run already for a mutant before it, with as many seeds or more. */
static bool is_covered(const struct es_sim_mutant *mutant, uint64_t seeds,
                       const uint64_t taken[static ES_SIM_MUTANTS])
{
    for (uint32_t i = 1; i < ES_SIM_MUTANTS; i++) {
        const struct es_sim_mutant *other = &es_sim_mutant_table[i];

        if (other != mutant && strcmp(other->with, mutant->with) == 0 &&
            (taken[i] > seeds || (taken[i] == seeds && other < mutant)))
            return true;
    }
    return false;
}

/* What the mutants are compared with: nothing fails in their worlds without them. */
static bool run_unmutated(const struct es_sim_args *args,
                          const uint64_t taken[static ES_SIM_MUTANTS], enum es_sim_verdict *io)
{
    uint64_t worlds = 0, failed = 0;

    for (uint32_t i = 1; i < ES_SIM_MUTANTS; i++) {
        struct hunt hunt = {.args = args, .mutant = &es_sim_mutant_table[i]};

        if (taken[i] == 0 || is_covered(hunt.mutant, taken[i], taken))
            continue;
        if (!run_hunt(&hunt, taken[i]))
            return false;
        tell_unmutated(&hunt);
        worlds += hunt.campaign.done;
        failed += hunt.caught.violation[0] != '\0';
    }
    if (failed > 0)
        *io = ES_SIM_UNSAFE;
    fprintf(stderr, "unmutated: %llu worlds with the same seeds and options, %llu failed\n",
            (unsigned long long)worlds, (unsigned long long)failed);
    return true;
}

static int run(const struct es_sim_args *args)
{
    uint64_t taken[ES_SIM_MUTANTS] = {0};
    enum es_sim_verdict verdict = ES_SIM_HELD;
    uint64_t n = 0, survived = 0;

    if (!es_sim_mutate_core(ES_MUTANT_NONE + 1))
        return run_mutated(args);
    for (uint32_t i = 1; i < ES_SIM_MUTANTS; i++) {
        struct hunt hunt = {.args = args, .mutant = &es_sim_mutant_table[i], .number = i};

        if (!is_wanted(args, i))
            continue;
        if (!run_hunt(&hunt, args->has_seeds ? args->seeds : hunt.mutant->seeds))
            return ES_SIM_COULD_NOT_RUN;
        tell(&hunt);
        taken[i] = hunt.campaign.done;
        n++;
        survived += hunt.caught.violation[0] == '\0';
    }
    if (n == 0 || n < args->n_operands) {
        fputs("earshot-sim: no such mutant\n", stderr);
        return ES_SIM_COULD_NOT_RUN;
    }
    if (survived > 0)
        verdict = ES_SIM_UNSAFE;
    fprintf(stderr, "%llu mutants, %llu survived\n", (unsigned long long)n,
            (unsigned long long)survived);
    return run_unmutated(args, taken, &verdict) ? (int)verdict : ES_SIM_COULD_NOT_RUN;
}

const struct es_sim_command es_sim_mutants = {
    .name = "mutants",
    .operands = "[NAME...]",
    .more = true,
    .takes = "nfjJ",
    .help =
        "Turns on one deliberate fault after another, of the core and of the daemon's order of\n"
        "effects, and runs seeds until a check notices; then the same seeds without it. Prints\n"
        "for each mutant which property it broke, and how many seeds and seconds that took. The\n"
        "exit code is 1 when one survives its seeds (--seeds: instead of its own number).",
    .run = run,
};
