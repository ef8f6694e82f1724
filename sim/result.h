/* SPDX-License-Identifier: ISC */
/* result.h - one world run to its end: what came of it, for people and as a line of JSON. */
#ifndef ES_SIM_RESULT_H
#define ES_SIM_RESULT_H

#include <jansson.h>
#include <stdio.h>

#include "sim/audit/report.h"
#include "sim/property.h"
#include "sim/record.h"
#include "sim/texts.h"
#include "sim/world.h"

/* Plain bytes: workers hand it to their parent. */
struct es_sim_result {
    uint64_t seed, events, crashes, now_ms;
    uint64_t node_bytes; /* memory of a core, on average */
    uint32_t nodes;
    uint8_t hash[32];
    struct es_sim_figures figures;
    uint64_t excused[ES_SIM_EXCUSES];            /* texts that need not arrive */
    struct es_sim_report audit;                  /* zeros: nobody looked */
    char violation[256];                         /* empty: all held */
    char marks[ES_SIM_MARKS][ES_SIM_MARK_BYTES]; /* what people would have noticed last */
};

/* Who looks on at a run; each may be NULL. */
struct es_sim_observers {
    struct es_sim_steps *steps;   /* every event is added  */
    struct es_sim_record *record; /* the trace is written  */
};
/* What came of a world up to now. */
void es_sim_result_of(const struct es_sim_world *world, struct es_sim_result *ret);
/* Runs a world from its beginning to its end. */
void es_sim_result_run(const struct es_sim_options *options,
                       const struct es_sim_observers *observers, struct es_sim_result *ret);
/* The same world twice: breaks Z1 when the two runs part. */
void es_sim_result_run_twice(const struct es_sim_options *options, struct es_sim_result *ret);
enum es_sim_verdict es_sim_result_verdict(const struct es_sim_result *result);
/* "seed 1: ok, 3 nodes, ..." */
void es_sim_result_print(const struct es_sim_result *result);
/* With version and options: a line from which the run can be repeated. */
void es_sim_result_print_json(const struct es_sim_result *result,
                              const struct es_sim_options *options);
/* The figures of such a line. False: some are missing. */
bool es_sim_figures_read(const json_t *json, struct es_sim_figures *ret);
/* A failure in at most 12 lines, the last one the command that repeats it. */
void es_sim_result_explain(const struct es_sim_result *result, const char *repro, FILE *out);

#endif
