/* SPDX-License-Identifier: ISC */
/* scenario.h - options as JSON: read strictly, printed in full. What is printed can be read. */
#ifndef ES_SIM_SCENARIO_H
#define ES_SIM_SCENARIO_H

#include <jansson.h>

#include "sim/options.h"

/* Characters of the largest scenario that is read: hand-written ones have a few hundred. */
#define ES_SIM_SCENARIO_BYTES_MAX (1u << 20)

struct es_sim_refusal {
    size_t line, column; /* from 1; 0: of the whole */
    char reason[160];
};

/* What the text does not mention has its default. False: refused, *io_options is undefined. */
bool es_sim_scenario_parse(const char *text, struct es_sim_options *ret,
                           struct es_sim_refusal *ret_refusal);
/* ... and may have lists of values for options, {"sweep": {"link.cut": [0, 0.1]}}. The caller releases
 * *ret_sweep; NULL: it has none. */
bool es_sim_scenario_parse_sweep(const char *text, struct es_sim_options *ret, json_t **ret_sweep,
                                 struct es_sim_refusal *ret_refusal);
/* As es_sim_scenario_parse(), for what is JSON already: line and column stay 0. */
bool es_sim_scenario_from_json(const json_t *json, struct es_sim_options *ret,
                               struct es_sim_refusal *ret_refusal);
/* One option, "net.loss=0.1": the value as in a scenario, quotes may be missing. */
bool es_sim_scenario_set(struct es_sim_options *options, const char *assignment,
                         struct es_sim_refusal *ret_refusal);
/* ... of which the value is JSON already. */
bool es_sim_scenario_set_json(struct es_sim_options *options, const char *name, const json_t *value,
                              struct es_sim_refusal *ret_refusal);

/* Every option. The caller owns the reference. */
json_t *es_sim_scenario_json(const struct es_sim_options *options);
/* Only what differs from the default. */
json_t *es_sim_scenario_short_json(const struct es_sim_options *options);
/* For json_dumpf(): a chance has no more digits than it needs. */
#define ES_SIM_SCENARIO_DIGITS JSON_REAL_PRECISION(6)

/* The value of an option as a scenario says it: "90s", 0.05. */
json_t *es_sim_scenario_value(const struct es_sim_option *option, uint64_t value);

/* --- locate.c: jansson keeps no positions --- */

/* Where in valid JSON a member stands: path[0] is its place in the root object, path[1] in the object
 * that is the member before. NULL for n 0: the whole. */
const char *es_sim_scenario_locate(const char *text, const size_t *path, size_t n, bool value);

#endif
