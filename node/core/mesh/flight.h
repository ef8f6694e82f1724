/* SPDX-License-Identifier: ISC */
/* flight.h - what was sent on a link and has perhaps not arrived yet (docs/protocol.md, section 7.3).
 *
 * The network process keeps what a slow peer does not read, and ends the link when that is too much.
 * So a link that has enough under way gets nothing more: the layer above keeps the rest, in order.
 * Frames arrive in the order in which they were sent: an ACK settles what was sent up to its
 * envelope, a PONG what was sent up to its PING. */
#ifndef ES_MESH_FLIGHT_H
#define ES_MESH_FLIGHT_H

#include "node/core/context.h"
#include "node/core/pool.h"
#include "node/wire/frame.h"

struct es_mesh;
struct es_mesh_link;

/* One entry for each envelope of the smallest size. What is sent without asking for room joins the
 * newest entry when there is no other place. */
#define ES_FLIGHT_ENTRIES_MAX (ES_FLIGHT_BYTES_MAX / ES_ENVELOPE_BYTES_MIN)

struct es_mesh_flight {
    uint64_t ids[ES_FLIGHT_ENTRIES_MAX];   /* a ring: first 8 bytes of the envelope's id, or 0 */
    uint32_t bytes[ES_FLIGHT_ENTRIES_MAX]; /* of the same entry                                */
    size_t first, n;
    size_t total;   /* sum of bytes                                       */
    size_t at_ping; /* of the n oldest: sent before the PING not answered */
};

/* Before the first link. */
void es_mesh_flight_init(struct es_mesh *mesh, const struct es_arena *arena);
/* The link is gone: what was under way on it is the layer above's to repeat. */
void es_mesh_flight_end(struct es_mesh *mesh, struct es_mesh_link *link);

/* May another envelope set out on this link? */
bool es_mesh_flight_has_room(const struct es_mesh_link *link);
/* Sent: one envelope (its id in an ACK), or a frame that nobody acknowledges (NULL). When that was
 * all there is room for, a PING follows soon, so that the peer need acknowledge nothing. */
void es_mesh_flight_add(struct es_mesh *mesh, struct es_context *context, struct es_mesh_link *link,
                        const struct es_ack_id *id, size_t bytes);
/* Is this envelope under way on the link? */
bool es_mesh_flight_holds(const struct es_mesh_link *link, const struct es_ack_id *id);

void es_mesh_flight_acked(struct es_mesh *mesh, struct es_mesh_link *link,
                          const struct es_ack_id *id);
void es_mesh_flight_pinged(struct es_mesh_link *link);
void es_mesh_flight_answered(struct es_mesh *mesh, struct es_context *context,
                             struct es_mesh_link *link);

#endif
