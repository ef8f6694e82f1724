/* SPDX-License-Identifier: ISC */
/* greeting.c - HELLO and LINK in both directions, then the link is up (docs/protocol.md,
 * section 8.1).
 *
 * The dialler speaks first; the listener says nothing before it has checked the dialler's proof, so
 * that replaying somebody's beacon tells nothing. */
#include <string.h>

#include "node/core/mesh/state.h"
#include "node/wire/envelope.h"

#define HELLO_FRAME_BYTES_MAX 512
#define LINK_FRAME_BYTES_MAX (ES_ENVELOPE_BYTES_MIN + 8)

static void send_hello(struct es_mesh *mesh, struct es_context *context, uint32_t link)
{
    struct es_hello hello = {.version_min = ES_PROTOCOL_VERSION,
                             .version_max = ES_PROTOCOL_VERSION};
    uint8_t buf[HELLO_FRAME_BYTES_MAX];
    size_t len;

    hello.bucket = es_expiry_bucket(es_mesh_time_ms(mesh, context->wall_ms));
    es_random(context, hello.slots, sizeof(hello.slots)); /* slots of no topic are random */
    len = es_frame_hello(buf, sizeof(buf), &hello);
    es_emit_frame(context, link, es_slice(buf, len));
}

static void send_link(struct es_mesh *mesh, struct es_context *context,
                      const struct es_mesh_link *link, uint32_t prove_to)
{
    uint8_t envelope[ES_ENVELOPE_BYTES_MIN];
    uint8_t buf[LINK_FRAME_BYTES_MAX];
    uint32_t number = link->number;
    struct es_link_keys keys = link->keys;
    size_t len;

    mesh->calls.prove(mesh->calls.ctx, context, prove_to,
                      link->inbound ? ES_ROLE_LISTENER : ES_ROLE_DIALLER, &keys, envelope);
    len = es_frame_link(buf, sizeof(buf), ES_SLICE_OF(envelope));
    es_emit_frame(context, number, es_slice(buf, len));
}

void es_mesh_greet(struct es_mesh *mesh, struct es_context *context, struct es_mesh_link *link)
{
    send_hello(mesh, context, link->number);
    send_link(mesh, context, link, link->expected);
}

/* --- Of several links between two nodes one stays (section 8.3) --------------------------------- */

/* False: the other side decides, because it dialled the one that goes. */
static bool goes(const struct es_mesh_link *link, const struct es_mesh_link *other)
{
    if (link->inbound)
        return false;
    if (!other->inbound)
        return link->bound < other->bound;
    /* Crossing: the one stays that the node with the smaller link key dialled, so the one that leads
     * to the greater key. Both sides see the same two keys. */
    return memcmp(link->keys.server.bytes, other->keys.server.bytes, ES_KEY_BYTES) < 0;
}

static void settle_peer(struct es_mesh *mesh, struct es_context *context,
                        struct es_mesh_link *fresh)
{
    for (size_t i = 0; i < mesh->links.n && fresh->state == ES_MESH_UP; i++) {
        struct es_mesh_link *other = mesh->links.at[i];

        if (other == fresh || other->peer != fresh->peer || other->state != ES_MESH_UP)
            continue;
        if (goes(fresh, other))
            es_mesh_link_retire(mesh, context, fresh);
        else if (goes(other, fresh))
            es_mesh_link_retire(mesh, context, other);
    }
}

/* A link that we dialled to this peer as to a stranger, before we knew its advert. */
static bool is_outdated(const struct es_mesh *mesh, const struct es_mesh_link *link,
                        const struct es_mesh_link *fresh)
{
    const struct es_mesh_neighbour *neighbour;

    if (link == fresh || link->inbound || link->state != ES_MESH_UP || link->peer != 0)
        return false;
    if (!fresh->inbound && es_mesh_same_key(&link->keys.server, &fresh->keys.server))
        return true;
    neighbour = es_mesh_neighbour_find(mesh, &link->keys.server);
    return neighbour != NULL && fresh->peer != 0 && neighbour->peer == fresh->peer;
}

static void settle_strangers(struct es_mesh *mesh, struct es_context *context,
                             const struct es_mesh_link *fresh)
{
    for (size_t i = 0; i < mesh->links.n; i++) {
        if (is_outdated(mesh, mesh->links.at[i], fresh))
            es_mesh_link_retire(mesh, context, mesh->links.at[i]);
    }
}

/* --- The end of the greeting ------------------------------------------------------------------- */

static void tell_above(struct es_mesh *mesh, struct es_context *context, uint32_t number,
                       uint32_t peer, bool was_present)
{
    if (peer == 0)
        mesh->calls.stranger(mesh->calls.ctx, context, number);
    else if (!was_present)
        mesh->calls.present(mesh->calls.ctx, context, peer);
}

static void come_up(struct es_mesh *mesh, struct es_context *context, struct es_mesh_link *link,
                    uint32_t peer)
{
    bool was_present = peer != 0 && es_mesh_is_present(mesh, peer);
    uint32_t number = link->number;

    link->peer = peer;
    link->tokens_ms = context->now_ms;
    link->tokens = ES_STRANGER_ENVELOPES_BURST * 1000;
    if (peer != 0) {
        link->bound = ++mesh->links.last_bound;
        es_count(context->counters, ES_COUNT_LINKS_BOUND);
    }
    es_mesh_link_set(mesh, context, link, ES_MESH_UP, 0);
    es_mesh_ping(mesh, context, link);
    es_mesh_clocks_settle(mesh);
    if (link->inbound && peer != 0)
        es_mesh_period_tell(mesh, context, number, link->listener);
    if (peer != 0)
        settle_peer(mesh, context, link);
    settle_strangers(mesh, context, link);
    if (!link->inbound)
        es_mesh_dial_completed(mesh, context, link);
    tell_above(mesh, context, number, peer, was_present);
}

static void hear_hello(struct es_mesh *mesh, struct es_context *context, struct es_mesh_link *link,
                       const struct es_hello *hello)
{
    if (hello->version_min > ES_PROTOCOL_VERSION || hello->version_max < ES_PROTOCOL_VERSION) {
        es_mesh_link_bye(mesh, context, link, ES_BYE_VERSION, ES_MESH_END_REFUSED);
        return;
    }
    link->hello_heard = true;
    link->clock_offset_ms = es_mesh_clock_of_bucket(hello->bucket, context->wall_ms);
}

static void hear_link(struct es_mesh *mesh, struct es_context *context, struct es_mesh_link *link,
                      struct es_slice envelope)
{
    uint32_t number = link->number;
    struct es_link_keys keys = link->keys;
    struct es_mesh_link wanted = {.inbound = link->inbound};

    wanted.peer =
        mesh->calls.check(mesh->calls.ctx, context, link->expected,
                          link->inbound ? ES_ROLE_DIALLER : ES_ROLE_LISTENER, &keys, envelope);
    link = es_mesh_link_find(mesh, number);
    if (link == NULL)
        return;
    if (link->inbound) {
        if (!es_mesh_link_has_place(mesh, context, &wanted)) {
            es_count(context->counters, ES_COUNT_REJECTED_LINK_CROWDED);
            es_mesh_link_bye(mesh, context, link, ES_BYE_CROWDED, ES_MESH_END_DROPPED);
            return;
        }
        send_hello(mesh, context, number);
        send_link(mesh, context, link, wanted.peer);
        link = es_mesh_link_find(mesh, number);
        if (link == NULL)
            return;
    }
    come_up(mesh, context, link, wanted.peer);
}

void es_mesh_greeting_frame(struct es_mesh *mesh, struct es_context *context,
                            struct es_mesh_link *link, const struct es_frame *frame)
{
    if (frame->kind == ES_FRAME_HELLO && !link->hello_heard)
        hear_hello(mesh, context, link, &frame->hello);
    else if (frame->kind == ES_FRAME_LINK && link->hello_heard)
        hear_link(mesh, context, link, frame->link);
    else if (frame->kind == ES_FRAME_BYE)
        es_mesh_link_heard_bye(mesh, context, link, frame->bye);
    else
        es_mesh_link_refuse(mesh, context, link, ES_COUNT_REJECTED_FRAME_UNEXPECTED);
}
