/* SPDX-License-Identifier: ISC */
/* meshtime.c - medians of other people's clocks, so that one wrong clock moves nothing. */
#include "node/core/mesh/meshtime.h"

#include <assert.h>
#include <string.h>

#include "node/core/mesh/state.h"
#include "node/wire/envelope.h"

/* Fewer contacts than this are outvoted by neighbours: one of two could be wrong. */
#define CONTACTS_MIN 3
/* Drift and delays between the two readings of one input stay below this. */
#define CLOCK_SET_MS 2000
/* Beyond it a clock says nothing: no arithmetic here overflows below it. */
#define CLOCK_MS_MAX ((uint64_t)INT64_MAX / 4)
#define SAMPLES_MAX (ES_MESH_LINKS_MAX + 1)

_Static_assert(SAMPLES_MAX >= ES_CLOCKS_MAX, "one array serves contacts and neighbours");

/* Of an even number the middle one that is nearer to our own clock. */
static int64_t median(int64_t *samples, size_t n)
{
    int64_t below, above;

    for (size_t i = 1; i < n; i++) {
        int64_t sample = samples[i];
        size_t at = i;

        for (; at > 0 && samples[at - 1] > sample; at--)
            samples[at] = samples[at - 1];
        samples[at] = sample;
    }
    below = samples[(n - 1) / 2];
    above = samples[n / 2];
    if (below >= 0)
        return below;
    return above <= 0 || above < -below ? above : below;
}

static bool is_first_of_host(const struct es_mesh *mesh, size_t link)
{
    for (size_t i = 0; i < link; i++) {
        if (mesh->links.at[i]->state >= ES_MESH_UP &&
            es_mesh_same_host(mesh->links.at[i]->at.host, mesh->links.at[link]->at.host))
            return false;
    }
    return true;
}

void es_mesh_clocks_settle(struct es_mesh *mesh)
{
    struct es_mesh_clocks *clocks = &mesh->clocks;
    int64_t samples[SAMPLES_MAX];
    size_t n = 0;

    if (clocks->n >= CONTACTS_MIN) {
        for (size_t i = 0; i < clocks->n; i++)
            samples[n++] = clocks->of[i].offset_ms;
    } else {
        samples[n++] = 0;
        for (size_t i = 0; i < mesh->links.n; i++) {
            if (mesh->links.at[i]->state >= ES_MESH_UP && is_first_of_host(mesh, i))
                samples[n++] = mesh->links.at[i]->clock_offset_ms;
        }
    }
    clocks->offset_ms = median(samples, n);
}

void es_mesh_clocks_observe(struct es_mesh *mesh, const struct es_context *context)
{
    struct es_mesh_clocks *clocks = &mesh->clocks;
    int64_t set_by =
        (int64_t)((context->wall_ms - clocks->wall_ms) - (context->now_ms - clocks->now_ms));
    bool was_set = clocks->running && (set_by > CLOCK_SET_MS || set_by < -CLOCK_SET_MS) &&
                   clocks->wall_ms <= CLOCK_MS_MAX && context->wall_ms <= CLOCK_MS_MAX;

    clocks->running = true;
    clocks->now_ms = context->now_ms;
    clocks->wall_ms = context->wall_ms;
    if (!was_set)
        return;
    for (size_t i = 0; i < clocks->n; i++)
        clocks->of[i].offset_ms -= set_by;
    for (size_t i = 0; i < mesh->links.n; i++) {
        if (mesh->links.at[i]->state >= ES_MESH_UP)
            mesh->links.at[i]->clock_offset_ms -= set_by;
    }
    es_mesh_clocks_settle(mesh);
}

int64_t es_mesh_clock_of_bucket(uint16_t bucket, uint64_t wall_ms)
{
    uint64_t begin_ms = ES_EXPIRY_EPOCH_MS + bucket * ES_EXPIRY_BUCKET_MS;
    uint64_t end_ms = begin_ms + ES_EXPIRY_BUCKET_MS;

    if (wall_ms > CLOCK_MS_MAX)
        return 0;
    if (wall_ms < begin_ms)
        return (int64_t)(begin_ms - wall_ms);
    return wall_ms < end_ms ? 0 : -(int64_t)(wall_ms - (end_ms - 1));
}

static struct es_mesh_clock *clock_of(struct es_mesh_clocks *clocks, uint32_t peer)
{
    size_t oldest = 0;

    for (size_t i = 0; i < clocks->n; i++) {
        if (clocks->of[i].peer == peer)
            return &clocks->of[i];
        if (clocks->of[i].heard < clocks->of[oldest].heard)
            oldest = i;
    }
    return &clocks->of[clocks->n < ES_CLOCKS_MAX ? clocks->n++ : oldest];
}

void es_mesh_clock(struct es_mesh *mesh, struct es_context *context, uint32_t peer,
                   uint64_t wall_ms)
{
    struct es_mesh_clocks *clocks = &mesh->clocks;
    struct es_mesh_clock *clock;

    assert(peer != 0);
    if (wall_ms > CLOCK_MS_MAX || context->wall_ms > CLOCK_MS_MAX)
        return;
    es_mesh_clocks_observe(mesh, context);
    clock = clock_of(clocks, peer);
    clock->peer = peer;
    clock->offset_ms = (int64_t)wall_ms - (int64_t)context->wall_ms;
    clock->heard = ++clocks->last_heard;
    es_mesh_clocks_settle(mesh);
}

void es_mesh_clock_forget(struct es_mesh *mesh, uint32_t peer)
{
    struct es_mesh_clocks *clocks = &mesh->clocks;

    for (size_t i = 0; i < clocks->n; i++) {
        if (clocks->of[i].peer == peer) {
            clocks->of[i] = clocks->of[--clocks->n];
            break;
        }
    }
    es_mesh_clocks_settle(mesh);
}

bool es_mesh_is_expired(const struct es_mesh *mesh, uint64_t wall_ms, uint16_t expiry)
{
    return expiry < es_expiry_bucket(es_mesh_time_ms(mesh, wall_ms));
}

uint64_t es_mesh_time_ms(const struct es_mesh *mesh, uint64_t wall_ms)
{
    int64_t offset_ms = mesh->clocks.offset_ms;

    if (offset_ms < 0 && wall_ms < (uint64_t)-offset_ms)
        return 0;
    return wall_ms + (uint64_t)offset_ms;
}
