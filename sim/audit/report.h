/* SPDX-License-Identifier: ISC */
/* report.h - what was scanned, what was found, and what that proves. */
#ifndef ES_SIM_REPORT_H
#define ES_SIM_REPORT_H

#include <jansson.h>
#include <stdio.h>

#include "sim/audit/tokens.h"

enum es_sim_surface {
    ES_SIM_SURFACE_FRAMES,
    ES_SIM_SURFACE_ADVERTS,
    ES_SIM_SURFACE_ROWS,   /* as they are committed    */
    ES_SIM_SURFACE_MEMORY, /* of a core               */
    ES_SIM_SURFACE_STORE,  /* as a whole              */
    ES_SIM_SURFACES
};
const char *es_sim_surface_name(enum es_sim_surface surface);

struct es_sim_report {
    uint64_t worlds, patterns;
    struct {
        uint64_t pieces, bytes, hits; /* hits: what may not be there  */
        uint64_t planted, planted_found;
    } surfaces[ES_SIM_SURFACES];
    struct {
        uint64_t tokens, hits;
        uint64_t controls, controls_found; /* tokens that must be found, and were */
    } kinds[ES_SIM_TOKEN_KINDS];
    uint64_t pairs, pairs_met; /* (third party, two contacts): tested, both ends held */
    double by_chance;          /* hits expected in random bytes                        */
};

void es_sim_report_add(struct es_sim_report *to, const struct es_sim_report *from);
/* Two tables, for people. */
void es_sim_report_print(const struct es_sim_report *report, FILE *out);
/* The same for programs; the caller's to release. */
json_t *es_sim_report_json(const struct es_sim_report *report);

#endif
