/* SPDX-License-Identifier: ISC */
/* compare.c - is B better than A? The same seeds in both, and intervals of the differences. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/commands/campaign.h"
#include "sim/commands/commands.h"
#include "sim/memory.h"
#include "sim/rng.h"

/* With fewer pairs an interval says nothing. */
#define PAIRS_MIN 5
#define RESAMPLES 10000

static const struct {
    const char *name, *unit;
    bool more_is_better;
} measures[] = {
    {"delivery", "", true}, /* texts that arrived, of those that were queued */
    {"latency mean", "ms", false},
    {"latency 99 %", "ms", false},
    {"bytes per text", "", false}, /* of all frames, for each text that arrived */
};
#define MEASURES (sizeof(measures) / sizeof(measures[0]))

/* What a measure was with one seed; NAN: there is nothing to measure. */
struct sample {
    uint64_t seed;
    double values[MEASURES];
};

struct side {
    struct sample *samples;
    size_t n;
};

struct comparison {
    const struct es_sim_args *args;
    struct es_sim_options options[2];
    struct side sides[2];
};

static struct sample sample_of(uint64_t seed, const struct es_sim_figures *figures)
{
    double arrived = (double)figures->arrived;
    struct sample sample = {.seed = seed, .values = {NAN, NAN, NAN, NAN}};

    if (figures->queued > 0)
        sample.values[0] = arrived / (double)figures->queued;
    if (figures->arrived > 0) {
        sample.values[1] = (double)figures->latency_sum_ms / arrived;
        sample.values[2] = (double)figures->latency_ms[2];
        sample.values[3] = (double)figures->frame_bytes / arrived;
    }
    return sample;
}

static void add(struct side *side, const struct sample *sample)
{
    side->samples = es_sim_resize(side->samples, (side->n + 1) * sizeof(side->samples[0]));
    side->samples[side->n++] = *sample;
}

/* --- Two scenarios: A and B with each seed --------------------------------------------------------- */

static void options_of(void *ctx, uint64_t i, struct es_sim_options *ret)
{
    const struct comparison *comparison = ctx;

    *ret = comparison->options[i % 2];
    ret->seed = comparison->args->first + i / 2;
}

static void show(void *ctx, uint64_t i, const struct es_sim_options *options,
                 const struct es_sim_result *result)
{
    struct comparison *comparison = ctx;
    struct sample sample = sample_of(options->seed, &result->figures);

    add(&comparison->sides[i % 2], &sample);
}

static enum es_sim_verdict run_both(struct comparison *comparison)
{
    struct es_sim_campaign campaign = {.n = 2 * comparison->args->seeds,
                                       .jobs = comparison->args->jobs,
                                       .ctx = comparison,
                                       .options = options_of,
                                       .show = show};

    if (es_sim_campaign_run(&campaign) && campaign.failed > 0)
        fprintf(stderr, "earshot-sim: %llu of %llu worlds failed\n",
                (unsigned long long)campaign.failed, (unsigned long long)campaign.n);
    return campaign.verdict;
}

/* --- Statistics ------------------------------------------------------------------------------------ */

struct difference {
    size_t n;
    double a, b, mean, low, high; /* of B - A: its mean, and 95 % of the resamples' means */
};

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* The percentile bootstrap: pairs are drawn again, with replacement. */
static void bootstrap(const double *differences, struct difference *io)
{
    struct es_sim_rng rng = es_sim_rng(io->n, ES_SIM_RESAMPLES, 0);
    double *means = es_sim_resize(NULL, RESAMPLES * sizeof(means[0]));

    for (size_t i = 0; i < RESAMPLES; i++) {
        double sum = 0;

        for (size_t k = 0; k < io->n; k++)
            sum += differences[es_sim_below(&rng, io->n)];
        means[i] = sum / (double)io->n;
    }
    qsort(means, RESAMPLES, sizeof(means[0]), compare_doubles);
    io->low = means[RESAMPLES / 40];
    io->high = means[RESAMPLES - RESAMPLES / 40 - 1];
    free(means);
}

static const struct sample *find(const struct side *side, uint64_t seed)
{
    for (size_t i = 0; i < side->n; i++)
        if (side->samples[i].seed == seed)
            return &side->samples[i];
    return NULL;
}

static struct difference difference_of(const struct comparison *comparison, size_t measure)
{
    const struct side *a = &comparison->sides[0];
    double *differences = es_sim_resize(NULL, (a->n + 1) * sizeof(differences[0]));
    struct difference difference = {.n = 0};

    for (size_t i = 0; i < a->n; i++) {
        const struct sample *b = find(&comparison->sides[1], a->samples[i].seed);
        double x = a->samples[i].values[measure];

        if (b == NULL || isnan(x) || isnan(b->values[measure]))
            continue;
        differences[difference.n++] = b->values[measure] - x;
        difference.a += x;
        difference.b += b->values[measure];
    }
    if (difference.n > 0) {
        difference.a /= (double)difference.n;
        difference.b /= (double)difference.n;
        difference.mean = difference.b - difference.a;
        bootstrap(differences, &difference);
    }
    free(differences);
    return difference;
}

static const char *verdict_of(const struct difference *difference, bool more_is_better)
{
    if (difference->n < PAIRS_MIN)
        return "undecided";
    if (difference->low > 0)
        return more_is_better ? "better" : "worse";
    if (difference->high < 0)
        return more_is_better ? "worse" : "better";
    return "undecided";
}

/* --- The whole ------------------------------------------------------------------------------------- */

static void print(const struct comparison *comparison, size_t measure)
{
    struct difference difference = difference_of(comparison, measure);
    const char *verdict = verdict_of(&difference, measures[measure].more_is_better);

    if (comparison->args->json)
        printf("{\"measure\":\"%s\",\"pairs\":%zu,\"a\":%.6g,\"b\":%.6g,\"difference\":%.6g,"
               "\"low\":%.6g,\"high\":%.6g,\"verdict\":\"%s\"}\n",
               measures[measure].name, difference.n, difference.a, difference.b, difference.mean,
               difference.low, difference.high, verdict);
    else
        printf("%-14s %-3s %10.5g %10.5g %+10.4g  [%+.4g, %+.4g]  %s\n", measures[measure].name,
               measures[measure].unit, difference.a, difference.b, difference.mean, difference.low,
               difference.high, verdict);
}

static bool add_results(const char *path, struct side *side)
{
    struct es_sim_past *past;
    size_t n;
    bool ok = es_sim_read_figures(path, &past, &n);

    for (size_t i = 0; ok && i < n; i++) {
        struct sample sample = sample_of(past[i].seed, &past[i].figures);

        ok = find(side, past[i].seed) == NULL;
        if (!ok)
            fprintf(stderr, "earshot-sim: %s: seed %llu is there twice\n", path,
                    (unsigned long long)past[i].seed);
        add(side, &sample);
    }
    free(past);
    return ok;
}

static bool prepare(struct comparison *comparison, bool *ret_past)
{
    const struct es_sim_args *args = comparison->args;

    *ret_past = es_sim_is_results(args->operands[0]) && es_sim_is_results(args->operands[1]);
    for (size_t i = 0; i < 2; i++)
        if (*ret_past ? !add_results(args->operands[i], &comparison->sides[i])
                      : !es_sim_read_scenario(args->operands[i], &comparison->options[i]) ||
                            !es_sim_args_apply(args, &comparison->options[i]))
            return false;
    return true;
}

static int run(const struct es_sim_args *args)
{
    struct comparison *comparison = es_sim_zeroed(sizeof(*comparison));
    enum es_sim_verdict verdict = ES_SIM_COULD_NOT_RUN;
    bool past;

    comparison->args = args;
    if (prepare(comparison, &past)) {
        verdict = past ? ES_SIM_HELD : run_both(comparison);
        if (!args->json)
            printf("B against A            A          B   B minus A  (95 %% of the means)\n");
        for (size_t i = 0; i < MEASURES; i++)
            print(comparison, i);
    }
    free(comparison->sides[0].samples);
    free(comparison->sides[1].samples);
    free(comparison);
    return (int)verdict;
}

const struct es_sim_command es_sim_compare = {
    .name = "compare",
    .operands = "A B",
    .n_operands = 2,
    .takes = "nfjsdJ",
    .help = "Says whether B is better than A, worse, or whether that is undecided: two scenarios, "
            "which\n"
            "both run with the same --seeds seeds, or two files of results with seeds in common.\n"
            "Intervals are of 10,000 bootstrap samples of the differences. Five pairs at least.",
    .run = run,
};
