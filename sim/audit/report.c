/* SPDX-License-Identifier: ISC */
/* report.c - two tables for people, an object for programs. */
#include "sim/audit/report.h"

#include <inttypes.h>
#include <stdlib.h>

static const char *const names[ES_SIM_SURFACES] = {
    [ES_SIM_SURFACE_FRAMES] = "frames", [ES_SIM_SURFACE_ADVERTS] = "adverts",
    [ES_SIM_SURFACE_ROWS] = "rows",     [ES_SIM_SURFACE_MEMORY] = "memory",
    [ES_SIM_SURFACE_STORE] = "stores",
};

const char *es_sim_surface_name(enum es_sim_surface surface)
{
    return names[surface];
}

void es_sim_report_add(struct es_sim_report *to, const struct es_sim_report *from)
{
    to->worlds += from->worlds;
    to->patterns += from->patterns;
    to->pairs += from->pairs;
    to->pairs_met += from->pairs_met;
    to->by_chance += from->by_chance;
    for (size_t i = 0; i < ES_SIM_SURFACES; i++) {
        to->surfaces[i].pieces += from->surfaces[i].pieces;
        to->surfaces[i].bytes += from->surfaces[i].bytes;
        to->surfaces[i].hits += from->surfaces[i].hits;
        to->surfaces[i].planted += from->surfaces[i].planted;
        to->surfaces[i].planted_found += from->surfaces[i].planted_found;
    }
    for (size_t i = 0; i < ES_SIM_TOKEN_KINDS; i++) {
        to->kinds[i].tokens += from->kinds[i].tokens;
        to->kinds[i].hits += from->kinds[i].hits;
        to->kinds[i].controls += from->kinds[i].controls;
        to->kinds[i].controls_found += from->kinds[i].controls_found;
    }
}

static uint64_t tokens_of(const struct es_sim_report *report)
{
    uint64_t n = 0;

    for (size_t i = 0; i < ES_SIM_TOKEN_KINDS; i++)
        n += report->kinds[i].tokens;
    return n;
}

static uint64_t hits_of(const struct es_sim_report *report)
{
    uint64_t n = 0;

    for (size_t i = 0; i < ES_SIM_TOKEN_KINDS; i++)
        n += report->kinds[i].hits;
    return n;
}

/* With 95 % confidence no more than this share of secrets is held by a third party. */
static double bound_of(const struct es_sim_report *report)
{
    uint64_t n = tokens_of(report);

    return hits_of(report) > 0 || n < 3 ? 1 : 3.0 / (double)n;
}

/* --- For people ------------------------------------------------------------------------------------ */

void es_sim_report_print(const struct es_sim_report *report, FILE *out)
{
    fprintf(out, "audit of %" PRIu64 " worlds\n\n", report->worlds);
    fprintf(out, "%-14s %10s %14s %8s %14s\n", "scanned", "pieces", "bytes", "hits",
            "planted found");
    for (size_t i = 0; i < ES_SIM_SURFACES; i++)
        fprintf(out,
                "%-14s %10" PRIu64 " %14" PRIu64 " %8" PRIu64 " %7" PRIu64 " of %3" PRIu64 "\n",
                names[i], report->surfaces[i].pieces, report->surfaces[i].bytes,
                report->surfaces[i].hits, report->surfaces[i].planted_found,
                report->surfaces[i].planted);
    fprintf(out, "\n%-14s %10s %14s %8s\n", "secrets", "tokens", "where allowed", "hits");
    for (size_t i = 0; i < ES_SIM_TOKEN_KINDS; i++)
        if (report->kinds[i].tokens > 0)
            fprintf(out, "%-14s %10" PRIu64 " %6" PRIu64 " of %4" PRIu64 " %8" PRIu64 "\n",
                    es_sim_token_name((enum es_sim_token_kind)i), report->kinds[i].tokens,
                    report->kinds[i].controls_found, report->kinds[i].controls,
                    report->kinds[i].hits);
    fprintf(out,
            "\n%" PRIu64 " patterns; by chance %.1e hits; third parties that hold both ends of a "
            "contact: %" PRIu64 " of %" PRIu64 "\n"
            "held by third parties: %" PRIu64 " of %" PRIu64
            " secrets; at most %.3f %% (3/n, 95 %%)\n",
            report->patterns, report->by_chance, report->pairs_met, report->pairs, hits_of(report),
            tokens_of(report), 100 * bound_of(report));
}

/* --- For programs ---------------------------------------------------------------------------------- */

static json_t *surfaces_json(const struct es_sim_report *report)
{
    json_t *object = json_object();

    for (size_t i = 0; i < ES_SIM_SURFACES; i++)
        json_object_set_new(object, names[i],
                            json_pack("{sI sI sI sI sI}", "pieces",
                                      (json_int_t)report->surfaces[i].pieces, "bytes",
                                      (json_int_t)report->surfaces[i].bytes, "hits",
                                      (json_int_t)report->surfaces[i].hits, "planted",
                                      (json_int_t)report->surfaces[i].planted, "planted_found",
                                      (json_int_t)report->surfaces[i].planted_found));
    return object;
}

static json_t *kinds_json(const struct es_sim_report *report)
{
    json_t *object = json_object();

    for (size_t i = 0; i < ES_SIM_TOKEN_KINDS; i++)
        if (report->kinds[i].tokens > 0)
            json_object_set_new(object, es_sim_token_name((enum es_sim_token_kind)i),
                                json_pack("{sI sI sI sI}", "tokens",
                                          (json_int_t)report->kinds[i].tokens, "controls",
                                          (json_int_t)report->kinds[i].controls, "controls_found",
                                          (json_int_t)report->kinds[i].controls_found, "hits",
                                          (json_int_t)report->kinds[i].hits));
    return object;
}

json_t *es_sim_report_json(const struct es_sim_report *report)
{
    return json_pack("{sI sI so so sI sI sf sI sI sf}", "worlds", (json_int_t)report->worlds,
                     "patterns", (json_int_t)report->patterns, "surfaces", surfaces_json(report),
                     "secrets", kinds_json(report), "pairs", (json_int_t)report->pairs, "pairs_met",
                     (json_int_t)report->pairs_met, "by_chance", report->by_chance, "n",
                     (json_int_t)tokens_of(report), "hits", (json_int_t)hits_of(report), "bound",
                     bound_of(report));
}
