/* SPDX-License-Identifier: ISC */
/* passes.c - what is tried: whole families of faults go first, single ones last. */
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"
#include "sim/shrink/shrink.h"

#define ROUNDS_MAX 8

static bool try_one(struct es_sim_shrink *shrink, const struct es_sim_options *candidate)
{
    return es_sim_shrink_first(shrink, candidate, 1) == 0;
}

static bool is_usual(const struct es_sim_options *options, const struct es_sim_option *option)
{
    return es_sim_option_get(options, option) == option->usual;
}

static void reset(struct es_sim_options *options, const struct es_sim_option *option)
{
    es_sim_option_set(options, option, option->usual);
}

/* --- Faults ------------------------------------------------------------------------------------- */

static bool drop_family(struct es_sim_shrink *shrink, enum es_sim_family family)
{
    struct es_sim_options candidate = shrink->best;
    bool has = false;

    for (size_t i = 0; i < es_sim_option_count; i++)
        if (es_sim_option_table[i].family == family &&
            !is_usual(&candidate, &es_sim_option_table[i])) {
            reset(&candidate, &es_sim_option_table[i]);
            has = true;
        }
    return has && try_one(shrink, &candidate);
}

static void drop_families(struct es_sim_shrink *shrink)
{
    struct es_sim_options candidate = shrink->best;

    shrink->pass = "without faults";
    for (size_t i = 0; i < es_sim_option_count; i++)
        if (es_sim_option_table[i].family > ES_SIM_ALWAYS)
            reset(&candidate, &es_sim_option_table[i]);
    if (memcmp(&candidate, &shrink->best, sizeof(candidate)) != 0 && try_one(shrink, &candidate))
        return;
    shrink->pass = "without a family of faults";
    for (enum es_sim_family family = ES_SIM_ALWAYS + 1; family < ES_SIM_FAMILIES; family++)
        drop_family(shrink, family);
}

/* --- Single options ------------------------------------------------------------------------------ */

/* What is not lowered: another seed is another world, and time to arrive is no magnitude. Who is to blame
 * stays: a mutant that is switched off cannot fail. */
static bool is_kept(const struct es_sim_option *option)
{
    return strcmp(option->name, "seed") == 0 || strcmp(option->name, "converge") == 0 ||
           strcmp(option->name, "mutant") == 0;
}

/* Of these fewer and shorter is simpler; of other options, constants of the protocol among them, what is
 * usual. */
static bool is_amount(const struct es_sim_option *option)
{
    static const char *const amounts[] = {"nodes", "chaos", "load.texts", "load.contacts",
                                          "link.delay"};

    for (size_t i = 0; i < sizeof(amounts) / sizeof(amounts[0]); i++)
        if (strcmp(option->name, amounts[i]) == 0)
            return true;
    return option->family > ES_SIM_ALWAYS;
}

static void use_defaults(struct es_sim_shrink *shrink)
{
    shrink->pass = "with a default";
    for (size_t i = 0; i < es_sim_option_count; i++) {
        const struct es_sim_option *option = &es_sim_option_table[i];
        struct es_sim_options candidate = shrink->best;

        if (is_kept(option) || is_usual(&candidate, option) ||
            (is_amount(option) && option->family <= ES_SIM_ALWAYS))
            continue;
        reset(&candidate, option);
        try_one(shrink, &candidate);
    }
}

/* Towards its least, by halves: the boldest first. */
static void lower(struct es_sim_shrink *shrink, const struct es_sim_option *option)
{
    uint64_t value = es_sim_option_get(&shrink->best, option), least = option->least;
    struct es_sim_options candidates[3];
    size_t n = 0;

    for (unsigned shift = 3; shift > 0; shift--) {
        uint64_t lowered = least + ((value - least) >> shift);

        if (lowered == value || (n > 0 && lowered == es_sim_option_get(&candidates[n - 1], option)))
            continue;
        candidates[n] = shrink->best;
        es_sim_option_set(&candidates[n++], option, lowered);
    }
    if (n > 0 && es_sim_shrink_first(shrink, candidates, n) < n && !es_sim_shrink_is_over(shrink))
        lower(shrink, option);
}

static void lower_all(struct es_sim_shrink *shrink)
{
    shrink->pass = "with less";
    for (size_t i = 0; i < es_sim_option_count; i++) {
        const struct es_sim_option *option = &es_sim_option_table[i];

        if (!is_kept(option) && is_amount(option) &&
            (option->family <= ES_SIM_ALWAYS || !is_usual(&shrink->best, option)))
            lower(shrink, option);
    }
}

/* --- Nodes and texts ----------------------------------------------------------------------------- */

/* All at once that had no part in what led to the violation. */
static void remove_bystanders(struct es_sim_shrink *shrink)
{
    struct es_sim_options candidate = shrink->best;
    size_t n_nodes = candidate.nodes;
    bool *nodes = es_sim_zeroed(n_nodes * sizeof(nodes[0])), *in = NULL, fits = true;
    struct es_sim_lines lines;

    shrink->pass = "without bystanders";
    if (es_sim_shrink_trace(shrink, &lines)) {
        in = es_sim_zeroed((lines.n + 1) * sizeof(in[0]));
        if (es_sim_lines_blamed(&lines, nodes, n_nodes)) {
            es_sim_lines_cone(&lines, nodes, n_nodes, in);
            for (uint32_t node = 0; node < n_nodes; node++)
                if (!nodes[node] &&
                    !es_sim_ids_contain(&candidate.without, ES_SIM_ID_NODE, node, 0))
                    fits = fits && es_sim_ids_add(
                                       &candidate.without,
                                       &(struct es_sim_id){.kind = ES_SIM_ID_NODE, .node = node});
            if (fits && candidate.without.n > shrink->best.without.n)
                try_one(shrink, &candidate);
        }
        es_sim_lines_done(&lines);
    }
    free(in);
    free(nodes);
}

/* One after another is not there; everything else is drawn as before. */
static void remove_nodes(struct es_sim_shrink *shrink)
{
    remove_bystanders(shrink);
    shrink->pass = "without a node";
    for (uint32_t node = 0; node < shrink->best.nodes && !es_sim_shrink_is_over(shrink); node++) {
        const struct es_sim_id id = {.kind = ES_SIM_ID_NODE, .node = node};
        struct es_sim_options candidate = shrink->best;

        if (!es_sim_ids_contain(&candidate.without, ES_SIM_ID_NODE, node, 0) &&
            es_sim_ids_add(&candidate.without, &id))
            try_one(shrink, &candidate);
    }
}

static void simplify(struct es_sim_shrink *shrink)
{
    struct es_sim_options candidate = shrink->best;

    shrink->pass = "with short texts";
    candidate.text_bytes_max = 0;
    if (shrink->best.text_bytes_max > 0)
        try_one(shrink, &candidate);
    shrink->pass = "with constant delays";
    candidate = shrink->best;
    candidate.delay_constant = true;
    if (!shrink->best.delay_constant)
        try_one(shrink, &candidate);
}

/* Of what nothing is left without its list. */
static void drop_lists(struct es_sim_shrink *shrink)
{
    shrink->pass = "without a list";
    for (size_t i = 0; i < ES_SIM_ID_LIST_COUNT; i++) {
        struct es_sim_options candidate = shrink->best;
        struct es_sim_ids *list = (struct es_sim_ids *)((char *)&candidate + es_sim_id_lists[i].at);

        if (!list->given || list->n > 0)
            continue;
        *list = (struct es_sim_ids){.given = false};
        try_one(shrink, &candidate);
    }
}

void es_sim_shrink_run(struct es_sim_shrink *shrink)
{
    uint64_t before;

    for (unsigned i = 0; i < ROUNDS_MAX && !es_sim_shrink_is_over(shrink); i++) {
        before = shrink->passed;
        drop_families(shrink);
        use_defaults(shrink);
        lower_all(shrink);
        if (i == 0) /* before ids are listed: other nodes or texts would make them others */
            simplify(shrink);
        remove_nodes(shrink);
        shrink->pass = "with fewer faults";
        es_sim_shrink_ddmin(shrink, false);
        shrink->pass = "with fewer texts";
        es_sim_shrink_ddmin(shrink, true);
        drop_lists(shrink);
        if (shrink->passed == before)
            return;
    }
}
