/* SPDX-License-Identifier: ISC */
/* timers.c - an indexed binary heap. */
#include "sim/timers.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"

void es_sim_timers_init(struct es_sim_timers *timers, size_t n)
{
    timers->n = n;
    timers->heap = es_sim_zeroed(n * sizeof(timers->heap[0]));
    timers->place = es_sim_zeroed(n * sizeof(timers->place[0]));
    timers->at_ms = es_sim_zeroed(n * sizeof(timers->at_ms[0]));
    for (size_t i = 0; i < n; i++) {
        timers->heap[i] = (uint32_t)i;
        timers->place[i] = i;
        timers->at_ms[i] = UINT64_MAX;
    }
}

void es_sim_timers_done(struct es_sim_timers *timers)
{
    free(timers->heap);
    free(timers->place);
    free(timers->at_ms);
    memset(timers, 0, sizeof(*timers));
}

static bool before(const struct es_sim_timers *timers, uint32_t a, uint32_t b)
{
    return timers->at_ms[a] != timers->at_ms[b] ? timers->at_ms[a] < timers->at_ms[b] : a < b;
}

static void put(struct es_sim_timers *timers, size_t at, uint32_t node)
{
    timers->heap[at] = node;
    timers->place[node] = at;
}

void es_sim_timers_set(struct es_sim_timers *timers, uint32_t node, uint64_t at_ms)
{
    size_t at = timers->place[node];

    if (timers->at_ms[node] == at_ms)
        return;
    timers->at_ms[node] = at_ms;
    while (at > 0 && before(timers, node, timers->heap[(at - 1) / 2])) {
        put(timers, at, timers->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    for (;;) {
        size_t child = 2 * at + 1;

        if (child + 1 < timers->n && before(timers, timers->heap[child + 1], timers->heap[child]))
            child++;
        if (child >= timers->n || !before(timers, timers->heap[child], node))
            break;
        put(timers, at, timers->heap[child]);
        at = child;
    }
    put(timers, at, node);
}

uint64_t es_sim_timers_next(const struct es_sim_timers *timers, uint32_t *ret_node)
{
    *ret_node = timers->heap[0];
    return timers->at_ms[timers->heap[0]];
}
