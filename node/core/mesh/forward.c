/* SPDX-License-Identifier: ISC */
/* forward.c - a present contact's envelopes go on its own link, everybody else's are offered for one
 * hop; what arrives is passed up and acknowledged. */
#include "node/core/mesh/forward.h"

#include <assert.h>
#include <string.h>

#include "node/core/mesh/state.h"
#include "node/wire/envelope.h"

/* An offered envelope goes no further: it has no copies to give away. */
#define COPIES_ONE_HOP 0
#define ACK_FRAME_BYTES_MAX (8 + ES_FRAME_ENVELOPES_MAX * sizeof(struct es_ack_id))
/* Seven days, and one bucket for clocks that differ. */
#define EXPIRY_BUCKETS_MAX (7 * 4 + 1)
#define TOKEN 1000
#define TOKENS_MAX (ES_STRANGER_ENVELOPES_BURST * TOKEN)

bool es_mesh_forward_init(struct es_mesh *mesh, const struct es_arena *arena, uint8_t *scratch)
{
    struct es_mesh_forward *forward = &mesh->forward;

    if (scratch == NULL)
        scratch = arena->chunk(arena->ctx, ES_MESH_SCRATCH_BYTES);
    if (scratch == NULL)
        return false;
    forward->direct = scratch;
    forward->offered = scratch + ES_FRAME_BYTES_MAX;
    forward->offer_left = ES_OFFER_BYTES_MAX;
    return true;
}

/* --- What arrives ----------------------------------------------------------------------------- */

/* The bucket of a stranger's link: 60 envelopes a minute are one token a millisecond. */
_Static_assert(ES_STRANGER_ENVELOPES_PER_MINUTE *TOKEN == 60000, "one token a millisecond");

static bool take_token(struct es_mesh_link *link, uint64_t now_ms)
{
    uint64_t earned = now_ms - link->tokens_ms;

    link->tokens_ms = now_ms;
    link->tokens =
        earned < TOKENS_MAX - link->tokens ? link->tokens + (uint32_t)earned : TOKENS_MAX;
    if (link->tokens < TOKEN)
        return false;
    link->tokens -= TOKEN;
    return true;
}

/* It was nobody's that we know. The frame's decoder has seen that it is an envelope. */
static void count_foreign(const struct es_mesh *mesh, struct es_context *context,
                          struct es_slice bytes)
{
    uint16_t now = es_expiry_bucket(es_mesh_time_ms(mesh, context->wall_ms));
    struct es_envelope envelope = {0};

    (void)es_envelope_decode(bytes, &envelope);
    if (es_mesh_is_expired(mesh, context->wall_ms, envelope.expiry))
        es_count(context->counters, ES_COUNT_REJECTED_ENVELOPE_EXPIRED);
    else if (envelope.expiry > now + EXPIRY_BUCKETS_MAX)
        es_count(context->counters, ES_COUNT_REJECTED_ENVELOPE_TOO_FAR);
    else
        es_count(context->counters, ES_COUNT_ENVELOPES_FOREIGN);
}

static void acknowledge(struct es_context *context, uint32_t link, const struct es_ack_id *ids,
                        size_t n)
{
    uint8_t buf[ACK_FRAME_BYTES_MAX];
    size_t len = es_frame_ack(buf, sizeof(buf), ids, n);

    es_emit_frame(context, link, es_slice(buf, len));
}

static struct es_ack_id ack_id(struct es_slice envelope)
{
    struct es_id id = es_envelope_id(envelope);
    struct es_ack_id ret;

    memcpy(ret.bytes, id.bytes, sizeof(ret.bytes));
    return ret;
}

void es_mesh_forward_envelopes(struct es_mesh *mesh, struct es_context *context,
                               struct es_mesh_link *link, const struct es_frame *frame)
{
    struct es_ack_id ids[ES_FRAME_ENVELOPES_MAX];
    uint32_t number = link->number;
    uint32_t from = link->peer;
    size_t n = 0;

    for (size_t i = 0; i < frame->envelopes.n; i++) {
        struct es_slice envelope = frame->envelopes.at[i];
        enum es_envelope_fate fate;
        uint32_t peer = 0;

        if (from == 0 && !take_token(link, context->now_ms)) {
            es_count(context->counters, ES_COUNT_REJECTED_STRANGER_RATE);
            continue;
        }
        es_count(context->counters, ES_COUNT_ENVELOPES_IN);
        link->envelopes_in++;
        fate = mesh->calls.envelope(mesh->calls.ctx, context, number, from,
                                    frame->envelopes.copies[i], envelope, &peer);
        if (fate == ES_ENVELOPE_FOREIGN)
            count_foreign(mesh, context, envelope);
        else if (fate == ES_ENVELOPE_OURS && from != 0)
            ids[n++] = ack_id(envelope);
        link = es_mesh_link_find(mesh, number);
        if (link == NULL)
            return; /* the layer above has closed it */
        if (fate == ES_ENVELOPE_OURS && from == 0 && peer != 0)
            es_mesh_neighbour_answered(mesh, context, link, peer);
    }
    if (n > 0)
        acknowledge(context, number, ids, n);
}

void es_mesh_forward_acks(struct es_mesh *mesh, struct es_context *context,
                          struct es_mesh_link *link, const struct es_frame *frame)
{
    uint32_t number = link->number;
    uint32_t peer = link->peer;

    if (peer == 0) {
        es_count(context->counters, ES_COUNT_REJECTED_FRAME_UNEXPECTED);
        return;
    }
    for (size_t i = 0; i < frame->ack.n && (link = es_mesh_link_find(mesh, number)) != NULL; i++) {
        struct es_ack_id id;

        memcpy(id.bytes, frame->ack.ids.ptr + i * sizeof(id.bytes), sizeof(id.bytes));
        es_mesh_flight_acked(mesh, link, &id);
        mesh->calls.acknowledged(mesh->calls.ctx, context, peer, &id);
    }
}

/* --- What is sent ----------------------------------------------------------------------------- */

static void flush_direct(struct es_mesh *mesh, struct es_context *context)
{
    struct es_mesh_forward *forward = &mesh->forward;

    if (forward->direct_len > 0 && es_mesh_link_find(mesh, forward->direct_to) != NULL)
        es_emit_frame(context, forward->direct_to, es_slice(forward->direct, forward->direct_len));
    forward->direct_len = 0;
}

static bool takes_offers(const struct es_mesh_link *link)
{
    return link->state == ES_MESH_UP && es_mesh_flight_has_room(link);
}

/* From a random link on, so that it is not always the same ones that get nothing. */
static void flush_offered(struct es_mesh *mesh, struct es_context *context)
{
    struct es_mesh_forward *forward = &mesh->forward;
    size_t n = mesh->links.n;
    size_t first = forward->offered_len > 0 && n > 0 ? es_random_below(context, n) : 0;

    for (size_t i = 0; i < n && forward->offered_len > 0; i++) {
        struct es_mesh_link *link = mesh->links.at[(first + i) % n];

        if (!takes_offers(link))
            continue;
        if (forward->offer_left < forward->offered_len)
            break;
        forward->offer_left -= forward->offered_len;
        es_mesh_flight_add(mesh, context, link, NULL, forward->offered_len);
        es_emit_frame(context, link->number, es_slice(forward->offered, forward->offered_len));
    }
    forward->offered_len = 0;
}

/* False: the frame is full. */
static bool put_into(uint8_t *frame, size_t *io_len, struct es_slice envelope)
{
    if (*io_len == 0)
        *io_len = es_frame_envelopes_begin(frame, ES_FRAME_BYTES_MAX);
    return es_frame_envelopes_add(frame, ES_FRAME_BYTES_MAX, io_len, COPIES_ONE_HOP, envelope);
}

static void put_direct(struct es_mesh *mesh, struct es_context *context, struct es_mesh_link *link,
                       struct es_slice envelope)
{
    struct es_mesh_forward *forward = &mesh->forward;
    struct es_ack_id id = ack_id(envelope);
    bool fits;

    if (forward->direct_to != link->number)
        flush_direct(mesh, context);
    forward->direct_to = link->number;
    if (!put_into(forward->direct, &forward->direct_len, envelope)) {
        flush_direct(mesh, context);
        fits = put_into(forward->direct, &forward->direct_len, envelope);
        assert(fits);
    }
    link->envelopes_out++;
    es_count(context->counters, ES_COUNT_ENVELOPES_OUT);
    es_mesh_flight_add(mesh, context, link, &id, envelope.len);
    if (link->peer != 0)
        es_mesh_ping_expect(mesh, context, link);
}

static bool put_offered(struct es_mesh *mesh, struct es_context *context, struct es_slice envelope)
{
    struct es_mesh_forward *forward = &mesh->forward;
    bool any = false, fits;

    for (size_t i = 0; i < mesh->links.n; i++) {
        if (takes_offers(mesh->links.at[i])) {
            mesh->links.at[i]->envelopes_out++;
            es_count(context->counters, ES_COUNT_ENVELOPES_OUT);
            any = true;
        }
    }
    if (any && !put_into(forward->offered, &forward->offered_len, envelope)) {
        flush_offered(mesh, context);
        fits = put_into(forward->offered, &forward->offered_len, envelope);
        assert(fits);
    }
    return any;
}

enum es_path es_mesh_send(struct es_mesh *mesh, struct es_context *context, uint32_t peer,
                          struct es_slice envelope)
{
    struct es_mesh_link *link = peer == 0 ? NULL : es_mesh_link_to_peer(mesh, peer);

    if (link != NULL) {
        put_direct(mesh, context, link, envelope);
        return ES_PATH_DIRECT;
    }
    return put_offered(mesh, context, envelope) ? ES_PATH_OFFERED : ES_PATH_NONE;
}

bool es_mesh_has_room(const struct es_mesh *mesh, uint32_t peer)
{
    const struct es_mesh_link *link = peer == 0 ? NULL : es_mesh_link_to_peer(mesh, peer);

    return link == NULL || es_mesh_flight_has_room(link);
}

bool es_mesh_is_under_way(struct es_mesh *mesh, struct es_context *context, uint32_t peer,
                          const struct es_ack_id *id)
{
    struct es_mesh_link *link = peer == 0 ? NULL : es_mesh_link_to_peer(mesh, peer);

    if (link == NULL || !es_mesh_flight_holds(link, id))
        return false;
    es_mesh_ping_soon(mesh, context, link);
    return true;
}

void es_mesh_offer(struct es_mesh *mesh, struct es_context *context, uint32_t link,
                   struct es_slice envelope)
{
    struct es_mesh_link *found = es_mesh_link_find(mesh, link);

    if (found != NULL && takes_offers(found) && found->peer == 0)
        put_direct(mesh, context, found, envelope);
}

void es_mesh_forward_flush_link(struct es_mesh *mesh, struct es_context *context, uint32_t link)
{
    if (mesh->forward.direct_len > 0 && mesh->forward.direct_to == link)
        flush_direct(mesh, context);
}

void es_mesh_flush(struct es_mesh *mesh, struct es_context *context)
{
    flush_direct(mesh, context);
    flush_offered(mesh, context);
    mesh->forward.offer_left = ES_OFFER_BYTES_MAX;
}
