/* SPDX-License-Identifier: ISC */
/* controls.c - why a clean scan means something: every token is found where it may be, and so is a
 * leak that is planted into a copy of what is scanned anyway. */
#include <stdlib.h>
#include <string.h>

#include "sim/audit/encodings.h"
#include "sim/audit/state.h"
#include "sim/memory.h"

/* Draws for a token that the node may not hold, in an encoding that it has. */
#define TRIES 200

void es_sim_audit_plan_plants(struct es_sim_audit *audit)
{
    /* Every run has more pieces than these: each surface gets its leak. */
    static const uint64_t within[ES_SIM_SURFACES] = {
        [ES_SIM_SURFACE_FRAMES] = 40, [ES_SIM_SURFACE_ADVERTS] = 2, [ES_SIM_SURFACE_ROWS] = 40,
        [ES_SIM_SURFACE_MEMORY] = 2,  [ES_SIM_SURFACE_STORE] = 2,
    };

    for (size_t i = 0; i < ES_SIM_SURFACES; i++)
        audit->plants[i].countdown = es_sim_below(&audit->rng, within[i]);
}

struct leak {
    uint8_t pattern[ES_SIM_PATTERN_BYTES_MAX];
    size_t len;
    struct es_sim_hit hit;
    bool found;
};

/* Some token that this node may not hold, in some encoding. */
static bool draw_leak(struct es_sim_audit *audit, uint32_t node, struct leak *ret)
{
    const struct es_sim_tokens *tokens = audit->tokens;

    *ret = (struct leak){.len = 0};
    for (int i = 0; i < TRIES && ret->len == 0 && tokens->n > 0; i++) {
        ret->hit.token = (uint32_t)es_sim_below(&audit->rng, tokens->n);
        ret->hit.encoding = (uint32_t)es_sim_below(&audit->rng, es_sim_encodings());
        if (!es_sim_tokens_allowed(tokens, ret->hit.token, node))
            ret->len = es_sim_encode(
                ret->hit.encoding,
                es_slice(tokens->of[ret->hit.token].bytes, tokens->of[ret->hit.token].len),
                ret->pattern);
    }
    if (ret->len >= ES_SIM_SCAN_XOR_BYTES_MIN)
        ret->hit.mask = (uint8_t)es_sim_below(&audit->rng, 256);
    return ret->len > 0;
}

/* An encoding that gives the same bytes as another (lower case of lower case) has the other's name. */
static void recognise(void *ctx, const struct es_sim_hit *hit)
{
    struct leak *leak = ctx;

    leak->found |= hit->token == leak->hit.token && hit->at == leak->hit.at;
}

void es_sim_audit_plant(struct es_sim_audit *audit, enum es_sim_surface surface, uint32_t node,
                        struct es_slice bytes)
{
    struct es_sim_plant *plant = &audit->plants[surface];
    struct leak leak;
    uint8_t *copy;
    size_t len;

    if (plant->planted || (plant->countdown > 0 && plant->countdown-- > 0) ||
        !draw_leak(audit, node, &leak))
        return;
    len = bytes.len > leak.len ? bytes.len : leak.len;
    copy = es_sim_zeroed(len);
    if (bytes.len > 0)
        memcpy(copy, bytes.ptr, bytes.len);
    leak.hit.at = es_sim_below(&audit->rng, len - leak.len + 1);
    for (size_t i = 0; i < leak.len; i++)
        copy[leak.hit.at + i] = leak.pattern[i] ^ leak.hit.mask;
    es_sim_scan_run(audit->tokens->scan, es_slice(copy, len), recognise, &leak);
    free(copy);
    plant->planted = true;
    plant->found = leak.found;
}

static void count_plants(struct es_sim_world *world, struct es_sim_audit *audit)
{
    for (size_t i = 0; i < ES_SIM_SURFACES; i++) {
        const struct es_sim_plant *plant = &audit->plants[i];

        audit->report.surfaces[i].planted = plant->planted;
        audit->report.surfaces[i].planted_found = plant->found;
        if (!plant->planted)
            es_sim_violation(world, "P0: too few %s for a leak to be planted there",
                             es_sim_surface_name((enum es_sim_surface)i));
        else if (!plant->found)
            es_sim_violation(world, "P0: a leak planted in the %s was not found",
                             es_sim_surface_name((enum es_sim_surface)i));
    }
}

void es_sim_audit_controls(struct es_sim_world *world)
{
    struct es_sim_audit *audit = world->audit;

    count_plants(world, audit);
    for (size_t i = 0; i < audit->tokens->n; i++) {
        const struct es_sim_token *token = &audit->tokens->of[i];

        audit->report.kinds[token->kind].tokens++;
        audit->report.kinds[token->kind].controls += token->control;
        audit->report.kinds[token->kind].controls_found += token->control && token->found;
        if (token->control && !token->found)
            es_sim_violation(world, "P0: of the %s one of node %u was not found where it may be",
                             es_sim_token_name(token->kind), token->owner);
    }
}
