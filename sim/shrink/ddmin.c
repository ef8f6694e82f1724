/* SPDX-License-Identifier: ISC */
/* ddmin.c - delta debugging over the ids of faults or of texts. Parts of the list are left out one after
 * another, then parts half as long, down to single ids; one that was needed once is not tried again
 * before the next length, which makes it linear where going back to the start is quadratic. */
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"
#include "sim/shrink/shrink.h"

struct search {
    struct es_sim_shrink *shrink;
    bool texts;
    struct es_sim_id *ids;
    size_t n;
    struct es_sim_options *candidates; /* as many as run at a time */
    size_t *starts;                    /* what each leaves out     */
};

static struct es_sim_ids *list_of(struct es_sim_options *options, bool texts)
{
    return texts ? &options->only_texts : &options->only_faults;
}

/* All but some from a place on. False: too many runs of ids for a scenario. */
static bool build(struct search *search, size_t from, size_t len, struct es_sim_options *ret)
{
    struct es_sim_ids *list = list_of(ret, search->texts);

    *ret = search->shrink->best;
    *list = (struct es_sim_ids){.given = true};
    for (size_t i = 0; i < search->n; i++)
        if ((i < from || i >= from + len) && !es_sim_ids_add(list, &search->ids[i]))
            return false;
    return true;
}

/* Once through the list. */
static void leave_out(struct search *search, size_t len)
{
    size_t at = 0, next = 0, n, first;

    while (at < search->n && !es_sim_shrink_is_over(search->shrink)) {
        next = at;
        for (n = 0; n < search->shrink->jobs && next < search->n; next += len)
            if (build(search, next, len, &search->candidates[n]))
                search->starts[n++] = next;
        first = es_sim_shrink_first(search->shrink, search->candidates, n);
        at = next;
        if (first == n)
            continue;
        at = search->starts[first];
        next = at + len < search->n ? at + len : search->n;
        memmove(&search->ids[at], &search->ids[next], (search->n - next) * sizeof(search->ids[0]));
        search->n -= next - at;
    }
}

void es_sim_shrink_ddmin(struct es_sim_shrink *shrink, bool texts)
{
    struct search search = {.shrink = shrink, .texts = texts};

    if (!es_sim_shrink_ids(shrink, texts, &search.ids, &search.n)) {
        free(search.ids);
        return;
    }
    search.candidates = es_sim_resize(NULL, shrink->jobs * sizeof(search.candidates[0]));
    search.starts = es_sim_resize(NULL, shrink->jobs * sizeof(search.starts[0]));
    /* What came after the violation has no part in it. */
    if (build(&search, search.n, 0, search.candidates) &&
        memcmp(search.candidates, &shrink->best, sizeof(shrink->best)) != 0)
        es_sim_shrink_first(shrink, search.candidates, 1);
    for (size_t len = search.n; len >= 1; len /= 2)
        leave_out(&search, len);
    free(search.candidates);
    free(search.starts);
    free(search.ids);
}
