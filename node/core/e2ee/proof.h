/* SPDX-License-Identifier: ISC */
/* proof.h - LINK envelopes: who is at the other end of a link (docs/protocol.md, section 8.2).
 *
 * One-time by its keys: the CURVE keys of the connection go into the tag, so that no other link can
 * use it, and the direction does, so that roles cannot be reflected. No ratchet step, no disk. */
#ifndef ES_E2EE_PROOF_H
#define ES_E2EE_PROOF_H

#include "node/env/entropy.h"
#include "node/env/link_keys.h"
#include "node/wire/envelope.h"

/* The tag that whoever knows link_key sends in this role on this connection. */
struct es_tag es_proof_tag(const struct es_key *link_key, enum es_link_role role,
                           const struct es_link_keys *keys);

/* Seals records (at most ES_PROOF_CAPACITY bytes) into 512 bytes. */
#define ES_PROOF_CAPACITY 451
void es_proof_seal(const struct es_key *link_key, enum es_link_role role,
                   const struct es_link_keys *keys, uint16_t expiry, struct es_slice records,
                   const struct es_entropy *entropy, uint8_t *ret_envelope);

/* What is sent when there is nobody to prove to: random behind the same header. */
void es_proof_random(uint16_t expiry, const struct es_entropy *entropy, uint8_t *ret_envelope);

/* Opens it; records are written to ret_plain (ES_ENVELOPE_BYTES_MIN) and are well-formed. */
bool es_proof_open(const struct es_key *link_key, enum es_link_role role,
                   const struct es_link_keys *keys, struct es_slice envelope, uint8_t *ret_plain,
                   struct es_slice *ret_records);

#endif
