/* SPDX-License-Identifier: ISC */
/* forward.h - who gets an envelope, and ENVELOPES frames that are put together within one input
 * (docs/protocol.md, section 7.3). */
#ifndef ES_MESH_FORWARD_H
#define ES_MESH_FORWARD_H

#include "node/core/mesh/link.h"

/* Copies of offered envelopes that one input may send, in bytes: half of what a batch has room for.
 * Links beyond it get nothing this time; which ones is random. */
#define ES_OFFER_BYTES_MAX (2u << 20)

struct es_mesh_forward {
    uint8_t *direct; /* the frame for one link */
    size_t direct_len;
    uint32_t direct_to;
    uint8_t *offered; /* the frame for every link that is up */
    size_t offered_len;
    size_t offer_left; /* of ES_OFFER_BYTES_MAX */
};

/* scratch: as of es_mesh_new(). */
bool es_mesh_forward_init(struct es_mesh *mesh, const struct es_arena *arena, uint8_t *scratch);
void es_mesh_forward_envelopes(struct es_mesh *mesh, struct es_context *context,
                               struct es_mesh_link *link, const struct es_frame *frame);
void es_mesh_forward_acks(struct es_mesh *mesh, struct es_context *context,
                          struct es_mesh_link *link, const struct es_frame *frame);
/* Writes the frame that is being put together for this link, before the link says goodbye. */
void es_mesh_forward_flush_link(struct es_mesh *mesh, struct es_context *context, uint32_t link);

#endif
