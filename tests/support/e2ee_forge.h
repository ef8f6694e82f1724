/* SPDX-License-Identifier: ISC */
/* e2ee_forge.h - envelopes that no honest node makes, sealed under the right keys: what a dishonest
 * contact or requester could send. */
#ifndef ES_TESTS_E2EE_FORGE_H
#define ES_TESTS_E2EE_FORGE_H

#include "node/core/e2ee/ratchet.h"
#include "tests/support/e2ee_pair.h"

/* Keys and place of the envelope that the session would seal next in its current chain. */
struct es_ratchet_keys forge_keys(const struct es_session *session);
struct es_binding forge_binding(const struct es_session *session);

/* Begins the session's next chain as sealing would, but seals nothing in it. */
void forge_begin_chain(struct party *party);

/* That envelope, with header and records as one likes. The session does not move. */
void forge_envelope(const struct party *from, const struct es_ratchet_header *header,
                    struct es_slice records, struct parcel *ret);

/* That envelope with both plaintexts byte for byte (docs/protocol.md, section 6.3, written a second
 * time). Not for the acceptor's chain 0. */
#define FORGE_HEADER_BYTES 36
#define FORGE_BODY_BYTES 400
struct forge_plain {
    uint8_t header[FORGE_HEADER_BYTES];
    uint8_t body[FORGE_BODY_BYTES];
};
void forge_plain(const struct party *from, const struct forge_plain *plain, struct parcel *ret);

/* A request without a psk with both plaintexts byte for byte (section 6.1, a second time). */
#define FORGE_WHAT_BYTES 396
struct forge_request {
    struct es_sign_public who;
    uint8_t what[FORGE_WHAT_BYTES];
};
void forge_request(const struct party *from, const struct es_addressee *to,
                   const struct forge_request *request, struct parcel *ret);

#endif
