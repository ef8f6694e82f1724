/* SPDX-License-Identifier: ISC */
/* handshake.h - first contact without a server: request and acceptance (docs/protocol.md, sections
 * 6.1 and 6.2; X3DH on a one-time key that the requester sends along). */
#ifndef ES_E2EE_HANDSHAKE_H
#define ES_E2EE_HANDSHAKE_H

#include "node/core/e2ee/identity.h"
#include "node/core/e2ee/session.h"

enum es_request_kind {
    ES_REQUEST_CONTACT = 0, /* asks a person                                   */
    ES_REQUEST_INVITE = 1,  /* holds an invite: psk is its secret              */
    ES_REQUEST_RENEWAL = 2, /* between known contacts                          */
};

/* Whom a request is for: an address, or the introduction key of a visible person. */
struct es_target {
    uint8_t name[ES_KEY_BYTES]; /* EdB, or the introduction key itself */
    struct es_dh_public dh;
};

/* What a request says. Slices borrow: on opening from the caller's buffer. */
struct es_request {
    enum es_request_kind kind;
    struct es_slice name;     /* claimed, at most ES_NAME_BYTES_MAX, UTF-8    */
    struct es_slice greeting; /* at most ES_GREETING_BYTES_MAX, UTF-8         */
};

/* What A keeps until the acceptance opens or 30 days pass: key of a row of its own. */
struct es_pending {
    uint32_t number;
    uint32_t contact;
    uint64_t made_age_ms;          /* the caller's: how old its node was */
    bool by_introduction;          /* EdB is not known yet */
    bool post_quantum;             /* the caller's: an invite's secret was mixed in */
    uint32_t crossing;             /* the caller's: which request of the peer it met; 0: none */
    struct es_sign_public address; /* EdB, if known */
    struct es_key gs;
    struct es_dh_secret one_time; /* o */
    struct es_id th1;
};

/* Makes a request without its proof of work (tag zero) of ES_ENVELOPE_BYTES_MIN bytes. psk: all
 * zeros without an invite. Fills gs, one_time, th1 and target of *ret_pending. False when the target
 * gives an all-zero secret. */
bool es_request_seal(const struct es_identity *self, const struct es_target *target,
                     const struct es_key *psk, const struct es_request *request, uint16_t expiry,
                     const struct es_entropy *entropy, uint8_t *ret_envelope,
                     struct es_pending *ret_pending);

/* Proof of work: BLAKE2b(tag | BLAKE2b(envelope without tag and expiry)) begins with `bits` zero
 * bits. search tries `tries` tags from *io_counter on (the tag holds random bytes and a counter) and
 * writes the tag found into the envelope; true when found. */
bool es_work_valid(const uint8_t *envelope, unsigned bits);
struct es_work {
    struct es_id digest; /* of the envelope without tag and expiry */
    struct es_tag start;
    uint64_t counter;
};
void es_work_begin(struct es_work *work, const uint8_t *envelope, const struct es_entropy *entropy);
bool es_work_search(struct es_work *work, unsigned bits, uint32_t tries, struct es_tag *ret_tag);

/* One key that requests may be sealed to: the identity's, or an introduction key. */
struct es_addressee {
    uint8_t name[ES_KEY_BYTES];
    struct es_dh_secret secret;
};

struct es_request_opened {
    struct es_peer_key from; /* A                                        */
    struct es_request request;
    size_t psk;                   /* index of the psk it was sealed with        */
    struct es_dh_public e;        /* with A: what tells a replay                */
    struct es_dh_public one_time; /* O                                   */
    struct es_key gs;
    struct es_id th1;
    uint8_t plain[ES_ENVELOPE_BYTES_MIN]; /* what request borrows from */
};

/* Trial opening of one envelope with one addressee's key and each of n_psks pre-shared keys (the
 * first is all zeros). One X25519 for a foreign envelope. */
bool es_request_open(const struct es_addressee *addressee, const struct es_key *psks, size_t n_psks,
                     struct es_slice envelope, struct es_request_opened *ret);

/* B's side of the acceptance: makes the session (number, contact and heard_age_ms are the caller's
 * to set) and the link key KL. identity_b is B's lasting identity, addressee the key that A asked.
 * False when a secret is all zero. */
bool es_accept(const struct es_identity *self, const struct es_addressee *addressee,
               const struct es_peer_key *from, const struct es_dh_public *one_time,
               const struct es_key *gs, const struct es_id *th1, const struct es_entropy *entropy,
               struct es_session *ret_session, struct es_key *ret_link_key);

/* A's side: tags of the acceptor's chain 0, numbers 0..count-1, known before the acceptance. */
void es_pending_tags(const struct es_pending *pending, uint32_t count, struct es_tag *ret);

/* Opens an envelope of the acceptor's chain 0 and so completes the handshake. io->after is A's
 * session, *ret_peer who answered, *ret_link_key KL. */
enum es_open_result es_pending_open(const struct es_identity *self,
                                    const struct es_pending *pending, uint32_t n,
                                    struct es_slice envelope, uint16_t day, struct es_opened *io,
                                    struct es_peer_key *ret_peer, struct es_key *ret_link_key);

/* A refusal, only ever given to the holder of an invite (docs/decisions/): recognised by A beforehand
 * by its tag, says why. */
enum es_refusal {
    ES_REFUSAL_INVITE_USED = 1,
    ES_REFUSAL_INVITE_EXPIRED = 2,
};
struct es_tag es_refusal_tag(const struct es_key *gs);
void es_refusal_seal(const struct es_key *gs, enum es_refusal reason, uint16_t expiry,
                     const struct es_entropy *entropy, uint8_t *ret_envelope);
bool es_refusal_open(const struct es_key *gs, struct es_slice envelope, enum es_refusal *ret);

/* Row of a pending handshake. */
#define ES_PENDING_ROW_BYTES_MAX 256
size_t es_pending_encode(const struct es_pending *pending, uint8_t *buf, size_t cap);
bool es_pending_decode(struct es_slice body, struct es_pending *ret);

#endif
