/* SPDX-License-Identifier: ISC */
/* audit.c - the surfaces of a world: each piece is scanned once, against what its holder may hold. */
#include "sim/audit/audit.h"

#include <stdlib.h>
#include <string.h>

#include "node/wire/network.h"
#include "sim/audit/encodings.h"
#include "sim/audit/state.h"
#include "sim/memory.h"

/* Who looks on at the wire: nobody may hold anything there. */
#define ANYBODY UINT32_MAX

void es_sim_audit_begin(struct es_sim_world *world)
{
    struct es_sim_audit *audit;

    if (!world->options.audit)
        return;
    audit = es_sim_zeroed(sizeof(*audit));
    audit->tokens = es_sim_tokens_new();
    audit->rng = es_sim_rng(world->options.seed, ES_SIM_AUDITS, 0);
    audit->subjects = es_sim_zeroed(world->options.nodes * sizeof(audit->subjects[0]));
    audit->met = es_sim_zeroed(world->options.nodes * sizeof(audit->met[0]));
    es_sim_audit_plan_plants(audit);
    world->audit = audit;
}

void es_sim_audit_free(struct es_sim_world *world)
{
    if (world->audit == NULL)
        return;
    for (uint32_t i = 0; i < world->options.nodes; i++)
        free(world->audit->subjects[i].known);
    es_sim_tokens_free(world->audit->tokens);
    free(world->audit->subjects);
    free(world->audit->met);
    free(world->audit);
    world->audit = NULL;
}

/* --- One piece -------------------------------------------------------------------------------------- */

struct piece {
    struct es_sim_world *world;
    enum es_sim_surface surface;
    uint32_t node;
    size_t len;
};

static unsigned promise_of(enum es_sim_token_kind kind)
{
    if (kind == ES_SIM_TOKEN_TEXT || kind == ES_SIM_TOKEN_GREETING)
        return 1;
    return kind == ES_SIM_TOKEN_PAIR ? 3 : 2;
}

static void report_leak(const struct piece *piece, const struct es_sim_token *token,
                        const struct es_sim_hit *hit)
{
    char holder[32] = "";

    if (piece->node != ANYBODY)
        snprintf(holder, sizeof(holder), " of node %u", piece->node);
    es_sim_violation(
        piece->world,
        "P%u: of the %s one of nodes %u and %u in the %s%s: %s, XOR %02x, at %zu of %zu",
        promise_of(token->kind), es_sim_token_name(token->kind), token->owner, token->peer,
        es_sim_surface_name(piece->surface), holder, es_sim_encoding_name(hit->encoding), hit->mask,
        hit->at, piece->len);
}

static void found(void *ctx, const struct es_sim_hit *hit)
{
    const struct piece *piece = ctx;
    struct es_sim_audit *audit = piece->world->audit;
    struct es_sim_token *token = &audit->tokens->of[hit->token];

    if (token->kind == ES_SIM_TOKEN_IDENTITY || token->kind == ES_SIM_TOKEN_NAME)
        audit->met[token->owner] = true;
    if (es_sim_tokens_allowed(audit->tokens, hit->token, piece->node)) {
        token->found = true;
        return;
    }
    audit->report.surfaces[piece->surface].hits++;
    audit->report.kinds[token->kind].hits++;
    report_leak(piece, token, hit);
}

/* What it holds and the node may not is a violation. */
static void scan_piece(struct es_sim_world *world, enum es_sim_surface surface, uint32_t node,
                       struct es_slice bytes)
{
    struct es_sim_audit *audit = world->audit;
    struct piece piece = {.world = world, .surface = surface, .node = node, .len = bytes.len};

    audit->report.surfaces[surface].pieces++;
    audit->report.surfaces[surface].bytes += bytes.len;
    audit->report.by_chance += es_sim_scan_chance(audit->tokens->scan, (double)bytes.len);
    es_sim_scan_run(audit->tokens->scan, bytes, found, &piece);
    es_sim_audit_plant(audit, surface, node, bytes);
}

/* --- The wire --------------------------------------------------------------------------------------- */

void es_sim_audit_frame(struct es_sim_world *world, struct es_slice bytes)
{
    if (world->audit != NULL)
        scan_piece(world, ES_SIM_SURFACE_FRAMES, ANYBODY, bytes);
}

void es_sim_audit_advert(struct es_sim_world *world, const struct es_publication *publication)
{
    const struct es_order order = {.kind = ES_ORDER_ADVERTISE, .advertise = *publication};
    uint8_t bytes[ES_DATAGRAM_BYTES_MAX];
    struct es_writer writer = es_writer(bytes, sizeof(bytes));

    if (world->audit == NULL)
        return;
    es_order_write(&writer, &order);
    scan_piece(world, ES_SIM_SURFACE_ADVERTS, ANYBODY, es_written(&writer));
}

/* --- Nodes ------------------------------------------------------------------------------------------ */

struct store_scan {
    struct es_sim_world *world;
    enum es_sim_surface surface;
    uint32_t node;
};

/* Key and body as one piece: what stands beside each other on disk is found across the border. */
static int scan_row(void *ctx, const struct es_row *row)
{
    const struct store_scan *scan = ctx;
    size_t len = row->key.len + row->body.len;
    uint8_t *bytes = es_sim_resize(NULL, len + 1);

    memcpy(bytes, row->key.ptr, row->key.len);
    if (row->body.len > 0)
        memcpy(bytes + row->key.len, row->body.ptr, row->body.len);
    scan_piece(scan->world, scan->surface, scan->node, es_slice(bytes, len));
    free(bytes);
    return 0;
}

void es_sim_audit_commit(struct es_sim_world *world, const struct es_sim_node *node,
                         const struct es_row *rows, size_t n_rows)
{
    struct store_scan scan = {world, ES_SIM_SURFACE_ROWS, node->number};

    if (world->audit == NULL)
        return;
    /* A session's row names its contact, whose row may stand behind it. */
    for (size_t i = 0; i < n_rows; i++)
        if (rows[i].kind == ES_ROW_SELF || rows[i].kind == ES_ROW_CONTACT)
            es_sim_audit_learn(world, node, &rows[i]);
    for (size_t i = 0; i < n_rows; i++)
        if (rows[i].kind != ES_ROW_SELF && rows[i].kind != ES_ROW_CONTACT)
            es_sim_audit_learn(world, node, &rows[i]);
    for (size_t i = 0; i < n_rows; i++)
        if (!rows[i].erase)
            scan_row(&scan, &rows[i]);
}

static void scan_chunk(void *ctx, struct es_slice chunk)
{
    const struct store_scan *scan = ctx;

    scan_piece(scan->world, ES_SIM_SURFACE_MEMORY, scan->node, chunk);
}

static bool are_friends(const struct es_sim_node *node, uint32_t other)
{
    for (size_t i = 0; i < node->n_friends; i++)
        if (node->friends[i].node == other)
            return true;
    return false;
}

/* Of no two contacts does it hold both ends, unless both are contacts of its own. */
static void check_pairs(struct es_sim_world *world, const struct es_sim_node *node)
{
    struct es_sim_audit *audit = world->audit;

    for (uint32_t a = 0; a < world->options.nodes; a++)
        for (size_t i = 0; a != node->number && i < world->nodes[a].n_friends; i++) {
            uint32_t b = world->nodes[a].friends[i].node;

            if (b < a || b == node->number || (are_friends(node, a) && are_friends(node, b)))
                continue;
            audit->report.pairs++;
            if (!audit->met[a] || !audit->met[b])
                continue;
            audit->report.pairs_met++;
            es_sim_violation(world, "P3: node %u holds both ends of the contact of %u and %u",
                             node->number, a, b);
        }
}

void es_sim_audit_node(struct es_sim_world *world, const struct es_sim_node *node)
{
    struct store_scan scan = {world, ES_SIM_SURFACE_STORE, node->number};

    if (world->audit == NULL)
        return;
    memset(world->audit->met, 0, world->options.nodes * sizeof(world->audit->met[0]));
    if (node->up)
        es_sim_arena_each(&node->arena, scan_chunk, &scan);
    /* Reading a disk that fails draws its failures: in the chaos what was committed must do. */
    if (node->store != NULL && (world->calm || world->options.store == ES_SIM_STORE_MEMORY)) {
        struct es_store_reader *reader = node->store->ops->reader(node->store);

        for (int kind = ES_ROW_SELF; reader != NULL && kind < ES_ROW_KIND_END; kind++)
            reader->ops->each(reader, (enum es_row_kind)kind, scan_row, &scan);
        if (reader != NULL)
            reader->ops->free(reader);
    }
    check_pairs(world, node);
}

void es_sim_audit_end(struct es_sim_world *world)
{
    if (world->audit == NULL)
        return;
    for (uint32_t i = 0; i < world->options.nodes; i++)
        es_sim_audit_node(world, &world->nodes[i]);
    es_sim_audit_controls(world);
}

void es_sim_audit_report(const struct es_sim_world *world, struct es_sim_report *ret)
{
    *ret = (struct es_sim_report){0};
    if (world->audit == NULL)
        return;
    *ret = world->audit->report;
    ret->worlds = 1;
    ret->patterns = es_sim_scan_patterns(world->audit->tokens->scan);
}
