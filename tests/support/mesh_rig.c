/* SPDX-License-Identifier: ISC */
/* mesh_rig.c - nodes, the layer above them, and time. */
#include "tests/support/mesh_rig.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/wire/envelope.h"

/* --- Memory and entropy ------------------------------------------------------------------------- */

struct chunk {
    struct chunk *next;
    uint64_t aligned[];
};

static void *chunk(void *ctx, size_t size)
{
    struct rig_node *node = ctx;
    struct chunk *fresh = calloc(1, sizeof(*fresh) + size);

    assert(fresh != NULL);
    fresh->next = node->chunks;
    node->chunks = fresh;
    node->arena_bytes += size;
    return fresh->aligned;
}

/* SplitMix64: the same for every run. */
static void draw(void *ctx, void *buf, size_t len)
{
    struct rig_node *node = ctx;
    uint8_t *at = buf;

    for (size_t i = 0; i < len; i++) {
        uint64_t z = node->random += 0x9e3779b97f4a7c15u;

        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        at[i] = (uint8_t)((z ^ (z >> 31)) >> 24);
    }
}

/* --- The layer above ---------------------------------------------------------------------------- */

/* Where a proof says what it proves: after the header of a LINK envelope. */
struct proof {
    uint8_t role;
    uint8_t from, to;
    struct es_link_keys keys;
};

static uint32_t recognise(void *ctx, struct es_context *context, uint16_t port,
                          const struct es_advert *advert)
{
    const struct rig_node *node = ctx;
    unsigned number = advert->beacon[0];

    (void)context;
    (void)port;
    return number > 0 && number <= RIG_NODES_MAX && node->recognises[number] ? number : 0;
}

static void sign_advert(void *ctx, struct es_context *context, uint16_t port,
                        struct es_advert *io_advert)
{
    const struct rig_node *node = ctx;

    (void)context;
    (void)port;
    io_advert->beacon[0] = (uint8_t)node->number;
    io_advert->visible = node->visible;
}

static void prove(void *ctx, struct es_context *context, uint32_t peer, enum es_link_role role,
                  const struct es_link_keys *keys, uint8_t *ret_envelope)
{
    const struct rig_node *node = ctx;
    struct proof proof = {(uint8_t)role, (uint8_t)node->number, (uint8_t)peer, *keys};
    struct es_tag tag;

    es_random(context, &tag, sizeof(tag));
    memset(ret_envelope, 0, ES_ENVELOPE_BYTES_MIN);
    es_envelope_header(ret_envelope, ES_CLASS_512, es_expiry_bucket(context->wall_ms), &tag);
    if (peer != 0 && node->friends[peer])
        memcpy(ret_envelope + ES_ENVELOPE_HEADER_BYTES, &proof, sizeof(proof));
}

static uint32_t check(void *ctx, struct es_context *context, uint32_t expected,
                      enum es_link_role role, const struct es_link_keys *keys,
                      struct es_slice envelope)
{
    struct rig_node *node = ctx;
    struct proof proof;

    (void)context;
    node->n_checked++;
    memcpy(&proof, envelope.ptr + ES_ENVELOPE_HEADER_BYTES, sizeof(proof));
    if (proof.from == 0 || proof.from > RIG_NODES_MAX || proof.to != node->number ||
        proof.role != (uint8_t)role || memcmp(&proof.keys, keys, sizeof(*keys)) != 0 ||
        (expected != 0 && expected != proof.from))
        return 0;
    return node->friends[proof.from] ? proof.from : 0;
}

static void present(void *ctx, struct es_context *context, uint32_t peer)
{
    struct rig_node *node = ctx;

    (void)context;
    assert(!node->present[peer]);
    node->present[peer] = true;
    node->n_present++;
}

static void gone(void *ctx, struct es_context *context, uint32_t peer)
{
    struct rig_node *node = ctx;

    (void)context;
    assert(node->present[peer]);
    node->present[peer] = false;
    node->n_gone++;
}

static enum es_envelope_fate envelope(void *ctx, struct es_context *context, uint32_t link,
                                      uint32_t from, uint8_t copies, struct es_slice bytes,
                                      uint32_t *ret_peer)
{
    struct rig_node *node = ctx;

    (void)link;
    (void)copies;
    node->n_envelopes++;
    node->last_from = from;
    node->last_tag = bytes.ptr[ES_ENVELOPE_TAG_AT];
    if (node->drops_sender && from != 0)
        es_mesh_drop_peer(node->mesh, context, from);
    if (node->refuses)
        return ES_ENVELOPE_REFUSED;
    if (!node->takes)
        return ES_ENVELOPE_FOREIGN;
    *ret_peer = node->author;
    return ES_ENVELOPE_OURS;
}

static void acknowledged(void *ctx, struct es_context *context, uint32_t peer,
                         const struct es_ack_id *id)
{
    struct rig_node *node = ctx;

    (void)context;
    node->n_acknowledged++;
    node->last_from = peer;
    node->last_ack = *id;
}

static void stranger(void *ctx, struct es_context *context, uint32_t link)
{
    struct rig_node *node = ctx;

    (void)context;
    node->n_strangers++;
    node->last_stranger = link;
}

static void listening(void *ctx, struct es_context *context, size_t lasting, uint16_t port)
{
    struct rig_node *node = ctx;

    (void)context;
    node->listening[lasting == SIZE_MAX ? RIG_ROTATING : lasting] = port;
    node->n_listening++;
}

/* --- Nodes -------------------------------------------------------------------------------------- */

struct rig *rig_new(size_t n_nodes, bool routing)
{
    struct rig *rig = calloc(1, sizeof(*rig));

    assert(rig != NULL && n_nodes <= RIG_NODES_MAX);
    rig->now_ms = 1000;
    rig->wall_ms = RIG_WALL_MS;
    rig->routing = routing;
    rig->adverts = true;
    rig->n_nodes = n_nodes;
    for (unsigned i = 0; i < n_nodes; i++) {
        struct rig_node *node = &rig->node[i];

        node->rig = rig;
        node->number = i + 1;
        node->random = 0x5eed + 77777 * i;
        node->arena = (struct es_arena){node, chunk};
        node->entropy = (struct es_entropy){node, draw};
        node->batches = es_batches_new(&node->arena);
        node->next_inbound = ES_LINK_INBOUND;
        node->next_port = 42000;
        node->settings = (struct es_settings){
            .rotation_ms = 900000,
            .port_min = 42000,
            .port_max = 42099,
            .method = ES_DISCOVERY_AUTO,
            .links_max = ES_LINKS_MAX,
            .strangers_max = ES_STRANGER_LINKS_MAX,
        };
    }
    return rig;
}

void rig_forget(struct rig_node *node)
{
    for (size_t i = 0; i < node->n_orders; i++)
        free(node->orders[i].bytes);
    node->n_orders = 0;
}

void rig_free(struct rig *rig)
{
    for (size_t i = 0; i < rig->n_nodes; i++) {
        struct rig_node *node = &rig->node[i];

        if (node->mesh != NULL)
            es_mesh_done(node->mesh);
        es_batches_done(node->batches);
        rig_forget(node);
        free(node->orders);
        while (node->chunks != NULL) {
            struct chunk *next = ((struct chunk *)node->chunks)->next;

            free(node->chunks);
            node->chunks = next;
        }
    }
    for (size_t i = 0; i < rig->n_events; i++)
        free(rig->events[i].bytes);
    free(rig->events);
    free(rig->links);
    free(rig);
}

struct rig_node *rig_node(struct rig *rig, unsigned number)
{
    assert(number >= 1 && number <= rig->n_nodes);
    return &rig->node[number - 1];
}

void rig_befriend(struct rig *rig, unsigned a, unsigned b)
{
    rig_node(rig, a)->friends[b] = rig_node(rig, a)->recognises[b] = true;
    rig_node(rig, b)->friends[a] = rig_node(rig, b)->recognises[a] = true;
}

void rig_host(unsigned number, char ret[static ES_HOST_BYTES_MAX])
{
    memset(ret, 0, ES_HOST_BYTES_MAX);
    snprintf(ret, ES_HOST_BYTES_MAX, "10.0.0.%u", number);
}

void rig_start(struct rig_node *node)
{
    struct es_mesh_calls calls = {node, recognise, sign_advert,  prove,    check,    present,
                                  gone, envelope,  acknowledged, stranger, listening};
    static const struct es_key lasting_secret = {{7}};
    struct es_context context;

    if (node->mesh == NULL)
        node->mesh = es_mesh_new(&node->arena, &node->settings, &calls, NULL);
    assert(node->mesh != NULL);
    if (node->has_network)
        rig_break(node);
    node->has_network = true;
    context = rig_begin(node);
    es_mesh_start(node->mesh, &context, &lasting_secret);
    rig_end(node, &context);
    if (node->rig->routing && node->rig->adverts)
        rig_show_adverts(node);
}

/* --- Inputs ------------------------------------------------------------------------------------- */

struct es_context rig_begin(struct rig_node *node)
{
    return (struct es_context){
        .now_ms = node->rig->now_ms,
        .wall_ms = node->rig->wall_ms,
        .entropy = &node->entropy,
        .arena = &node->arena,
        .batches = node->batches,
        .counters = &node->counters,
    };
}

static void keep_order(struct rig_node *node, const struct es_order *order)
{
    struct rig_order *kept;

    if (node->n_orders == node->orders_cap) {
        node->orders_cap = node->orders_cap == 0 ? 64 : 2 * node->orders_cap;
        node->orders = realloc(node->orders, node->orders_cap * sizeof(*node->orders));
        assert(node->orders != NULL);
    }
    kept = &node->orders[node->n_orders++];
    kept->order = *order;
    kept->bytes = NULL;
    if (order->kind != ES_ORDER_FRAME)
        return;
    kept->bytes = malloc(order->frame.bytes.len);
    assert(kept->bytes != NULL);
    memcpy(kept->bytes, order->frame.bytes.ptr, order->frame.bytes.len);
    kept->order.frame.bytes.ptr = kept->bytes;
}

void rig_end(struct rig_node *node, struct es_context *context)
{
    struct es_effects effects;

    es_mesh_flush(node->mesh, context);
    assert(!es_batches_failed(node->batches));
    if (!es_batches_take(node->batches, &effects))
        return;
    for (size_t i = 0; i < effects.n_orders; i++) {
        if (!node->keeps_no_orders)
            keep_order(node, &effects.orders[i]);
        if (node->rig->routing)
            rig_carry_out(node, &effects.orders[i]);
    }
    es_batches_durable(node->batches);
}

void rig_report(struct rig_node *node, const struct es_report *report)
{
    struct es_context context = rig_begin(node);

    es_mesh_report(node->mesh, &context, report);
    rig_end(node, &context);
}

void rig_timer(struct rig_node *node)
{
    struct es_context context = rig_begin(node);

    node->n_timers++;
    es_mesh_timer(node->mesh, &context);
    rig_end(node, &context);
}

/* --- Time --------------------------------------------------------------------------------------- */

void rig_later(struct rig *rig, struct rig_node *node, uint64_t in_ms,
               const struct es_report *report)
{
    struct rig_event *event;

    if (rig->n_events == rig->events_cap) {
        rig->events_cap = rig->events_cap == 0 ? 64 : 2 * rig->events_cap;
        rig->events = realloc(rig->events, rig->events_cap * sizeof(*rig->events));
        assert(rig->events != NULL);
    }
    event = &rig->events[rig->n_events++];
    *event = (struct rig_event){rig->now_ms + in_ms, ++rig->last_event, node, *report, NULL};
    if (report->kind != ES_REPORT_FRAME)
        return;
    event->bytes = malloc(report->frame.bytes.len);
    assert(event->bytes != NULL);
    memcpy(event->bytes, report->frame.bytes.ptr, report->frame.bytes.len);
    event->report.frame.bytes.ptr = event->bytes;
}

static size_t first_event(const struct rig *rig)
{
    size_t first = SIZE_MAX;

    for (size_t i = 0; i < rig->n_events; i++) {
        const struct rig_event *event = &rig->events[i];

        if (first == SIZE_MAX || event->at_ms < rig->events[first].at_ms ||
            (event->at_ms == rig->events[first].at_ms && event->order < rig->events[first].order))
            first = i;
    }
    return first;
}

static struct rig_node *first_timer(struct rig *rig)
{
    struct rig_node *first = NULL;

    for (size_t i = 0; i < rig->n_nodes; i++) {
        struct rig_node *node = &rig->node[i];

        if (node->mesh == NULL || !node->has_network)
            continue;
        if (first == NULL || es_mesh_wake_at(node->mesh) < es_mesh_wake_at(first->mesh))
            first = node;
    }
    return first;
}

static void let_pass(struct rig *rig, uint64_t until_ms)
{
    if (until_ms > rig->now_ms) {
        rig->wall_ms += until_ms - rig->now_ms;
        rig->now_ms = until_ms;
    }
}

static void happen(struct rig *rig, size_t i)
{
    struct rig_event event = rig->events[i];

    rig->events[i] = rig->events[--rig->n_events];
    let_pass(rig, event.at_ms);
    if (event.node->has_network)
        rig_report(event.node, &event.report);
    free(event.bytes);
}

void rig_run(struct rig *rig, uint64_t for_ms)
{
    uint64_t until_ms = rig->now_ms + for_ms;

    for (;;) {
        size_t event = first_event(rig);
        struct rig_node *timer = first_timer(rig);
        uint64_t event_ms = event == SIZE_MAX ? UINT64_MAX : rig->events[event].at_ms;
        uint64_t timer_ms = timer == NULL ? UINT64_MAX : es_mesh_wake_at(timer->mesh);

        if (event_ms > until_ms && timer_ms > until_ms)
            break;
        if (event_ms <= timer_ms) {
            happen(rig, event);
        } else {
            let_pass(rig, timer_ms);
            rig_timer(timer);
        }
        if (rig->watch != NULL)
            rig->watch(rig);
    }
    let_pass(rig, until_ms);
}

/* --- Looking ------------------------------------------------------------------------------------ */

static size_t count_links(const struct rig_node *node, bool any, uint32_t peer)
{
    struct es_link_view view;
    size_t at = 0, n = 0;

    while (es_mesh_link_next(node->mesh, &at, &view))
        n += view.up && (any || view.peer == peer);
    return n;
}

size_t rig_links_up(const struct rig_node *node)
{
    return count_links(node, true, 0);
}

size_t rig_links_bound(const struct rig_node *node, uint32_t peer)
{
    return count_links(node, false, peer);
}
