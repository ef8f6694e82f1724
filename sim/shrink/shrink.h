/* SPDX-License-Identifier: ISC */
/* shrink.h - a world that fails becomes a small one that fails the same way.
 *
 * Candidates are smaller worlds. One is accepted when it breaks the very property that the first broke;
 * the next candidates are made from it. Each runs in a process of its own, some at a time; of those
 * that fail the earliest counts, so that the result does not depend on which is faster. */
#ifndef ES_SIM_SHRINK_H
#define ES_SIM_SHRINK_H

#include "sim/lines.h"
#include "sim/options.h"

struct es_sim_shrink {
    struct es_sim_options best; /* the smallest that fails */
    const char *property;       /* its id                  */
    uint64_t jobs;
    uint64_t until_ms;      /* of the machine's clock: no candidate is begun later */
    unsigned trial_s_max;   /* a candidate that takes longer is none                 */
    uint64_t tried, passed; /* passed: accepted */
    const char *pass;       /* what is being tried */
    void (*progress)(const struct es_sim_shrink *shrink);
    bool (*stop)(void); /* somebody wants the result now */
};

/* Runs the world. False: it does not fail, or dies without a word. The rest of the struct is filled. */
bool es_sim_shrink_begin(struct es_sim_shrink *shrink, const struct es_sim_options *options,
                         uint64_t budget_s);
/* All passes, until none helps or the time is over. */
void es_sim_shrink_run(struct es_sim_shrink *shrink);

/* --- trial.c --- */
bool es_sim_shrink_is_over(const struct es_sim_shrink *shrink);
/* The first of the candidates that fails becomes the best, and its place is given; n: none does. */
size_t es_sim_shrink_first(struct es_sim_shrink *shrink, const struct es_sim_options *candidates,
                           size_t n);
/* What happens in the best. False: nothing could be recorded. */
bool es_sim_shrink_trace(const struct es_sim_shrink *shrink, struct es_sim_lines *ret);
/* The single faults (those that happened), or texts, of the best, in order. The caller frees *ret. */
bool es_sim_shrink_ids(struct es_sim_shrink *shrink, bool texts, struct es_sim_id **ret,
                       size_t *ret_n);

/* --- ddmin.c: the fewest of a list's ids with which it fails (Zeller and Hildebrandt 2002) --- */
void es_sim_shrink_ddmin(struct es_sim_shrink *shrink, bool texts);

#endif
