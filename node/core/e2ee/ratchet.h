/* SPDX-License-Identifier: ISC */
/* ratchet.h - the steps that sessions and handshakes are made of, and the layout of what they seal
 * (docs/protocol.md, section 6.3). Pure: which step is due when, session.c and accept.c decide. */
#ifndef ES_E2EE_RATCHET_H
#define ES_E2EE_RATCHET_H

#include "node/core/e2ee/session.h"

/* RK, CK, NT = KDF(RK, "rk", DH(own, peer))[0..2]. False, with nothing changed, when the secret is
 * all zero. */
bool es_ratchet_root_step(struct es_key *io_root, const struct es_dh_secret *own,
                          const struct es_dh_public *peer, struct es_key *ret_chain_key,
                          struct es_key *ret_next_seed);

/* The tag chain: *ret_tag and *ret_header_key (may be NULL) of this number, *io_seed moves to the
 * next. */
void es_ratchet_tag_step(struct es_key *io_seed, struct es_tag *ret_tag,
                         struct es_key *ret_header_key);

/* Moves a tag seed on by `count` numbers. */
void es_ratchet_tag_skip(struct es_key *io_seed, uint32_t count);

/* The message chain: *ret_message_key of this number, *io_chain_key moves to the next. */
void es_ratchet_message_step(struct es_key *io_chain_key, struct es_key *ret_message_key);

/* What an envelope is bound to beside its keys. */
struct es_binding {
    struct es_id session; /* SID */
    bool from_initiator;
    struct es_position at;
};

/* The acceptor's chain 0: its header also carries f and EdB. */
bool es_binding_accepts(const struct es_binding *binding);

struct es_ratchet_header {
    uint16_t previous_count; /* PN */
    struct es_dh_public key;
    /* Acceptor's chain 0 only. */
    struct es_dh_public accept_key;
    struct es_sign_public accept_address;
};

/* Bytes of records that fit an envelope of this class. */
size_t es_ratchet_capacity(bool accepts, enum es_envelope_class cls);

struct es_ratchet_keys {
    struct es_tag tag;
    struct es_key header_key;  /* HK */
    struct es_key message_key; /* MK */
};

/* Seals one envelope of a class under keys of its own and a random nonce. */
void es_ratchet_seal(const struct es_binding *binding, const struct es_ratchet_keys *keys,
                     const struct es_ratchet_header *header, enum es_envelope_class cls,
                     uint16_t expiry, struct es_slice records, const struct es_entropy *entropy,
                     uint8_t *ret_envelope);

/* Opens the header of the envelope that stands `steps` numbers after the one of seed. The session id
 * of the binding does not count in the acceptor's chain 0. */
bool es_ratchet_open_header(const struct es_binding *binding, const struct es_key *seed,
                            uint32_t steps, struct es_slice envelope,
                            struct es_ratchet_header *ret);

/* Opens the body into ret_payload (ES_ENVELOPE_BYTES_MAX). The records are well-formed; on failure
 * the payload is wiped. */
bool es_ratchet_open_body(const struct es_binding *binding, const struct es_key *message_key,
                          struct es_slice envelope, uint8_t *ret_payload,
                          struct es_slice *ret_records);

/* Moves a receiving chain on to number n; what it passes over becomes gaps of io. */
void es_ratchet_skip(struct es_chain *io_chain, uint32_t n, uint16_t day, struct es_opened *io);

/* Opens the body of the envelope at which the chain stands, and moves the chain past it. */
bool es_ratchet_take(struct es_chain *io_chain, const struct es_binding *binding,
                     struct es_slice envelope, struct es_opened *io);

/* Wipes everything that a failed opening has written. */
void es_ratchet_discard(struct es_opened *io);

#endif
