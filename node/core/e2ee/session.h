/* SPDX-License-Identifier: ISC */
/* session.h - the Double Ratchet with header encryption and a tag chain (docs/protocol.md, section
 * 6.3; Signal's specification, revision 4, section 4).
 *
 * A session is a plain struct without pointers: a copy is a snapshot. Nothing here changes a session
 * in place: sealing and opening work on a copy that the caller commits together with its row. */
#ifndef ES_E2EE_SESSION_H
#define ES_E2EE_SESSION_H

#include "node/crypto/dh.h"
#include "node/env/entropy.h"
#include "node/wire/cursor.h"
#include "node/wire/envelope.h"

/* Where an envelope stands in a direction of a session. */
struct es_position {
    uint32_t chain;
    uint32_t n;
};

/* One direction's chain: T and CK stand at number `next`. */
struct es_chain {
    uint32_t number;
    uint32_t next;
    struct es_key tag_seed;  /* T  */
    struct es_key chain_key; /* CK */
};

struct es_session {
    uint32_t number;       /* this node's name for it: key of its row, never used twice */
    uint32_t contact;      /* whose it is                                                */
    struct es_id id;       /* SID                                                         */
    bool initiator;        /* A of the handshake: asked                                    */
    bool confirmed;        /* an envelope of the peer has opened in it                     */
    uint64_t heard_age_ms; /* the caller's: how old its node was when an envelope last opened */

    struct es_key root;             /* RK */
    struct es_dh_secret own;        /* current ratchet key; all zero when a new one is due */
    struct es_dh_public own_public; /* its public half, which every header carries          */
    struct es_dh_public peer;       /* the peer's current ratchet key                       */
    bool turn;                      /* the next envelope sealed begins a chain               */

    struct es_chain send;
    bool sending;                 /* send holds a chain (else none was begun)             */
    uint32_t previous_count;      /* PN: envelopes in the chain before                     */
    struct es_key send_next_seed; /* NT of our next chain                                  */
    uint32_t acked;               /* of the sending chain: the peer has received below this */
    uint16_t window;              /* of the peer: we seal n < acked + window                */

    struct es_chain receive; /* next = h + 1 */
    bool receiving;
    struct es_key receive_next_seed; /* T of the peer's next chain at 0 */
    uint16_t own_window;             /* tags that we keep ready */

    /* Acceptor's chain 0 only: what its header carries, and the initiator's view of it. */
    struct es_dh_public accept_key;       /* f   */
    struct es_sign_public accept_address; /* EdB */
};

/* A message key kept for an envelope that has not arrived. */
struct es_gap {
    struct es_position at;
    struct es_tag tag;
    struct es_key key; /* MK */
    uint16_t day;      /* of its node's life when it was made, for forgetting it */
};

/* Bytes of records that an envelope of this class holds; one more byte is padding. */
size_t es_session_capacity(const struct es_session *session, enum es_envelope_class cls);
/* Smallest class that holds len bytes of records; false when none does. */
bool es_session_class_for(const struct es_session *session, size_t len,
                          enum es_envelope_class *ret);

/* How many envelopes may be sealed before the peer acknowledges more. */
uint32_t es_session_room(const struct es_session *session);

/* Seals records into ret_envelope (class size) and moves *io on; room must not be 0. */
void es_session_seal(struct es_session *io, const struct es_entropy *entropy,
                     enum es_envelope_class cls, uint16_t expiry, struct es_slice records,
                     uint8_t *ret_envelope, struct es_position *ret_at);

/* Which of the tags that a session keeps ready was met. */
enum es_expected {
    ES_EXPECT_CURRENT, /* receive chain, n >= receive.next                */
    ES_EXPECT_NEXT,    /* the chain after it, any n                       */
};

enum es_open_result {
    ES_OPEN_OK = 0,
    ES_OPEN_BAD,     /* does not open, or its payload is malformed: nothing changed   */
    ES_OPEN_TOO_FAR, /* PN beyond the window: nothing changed                          */
};

/* What opening an envelope gives; the caller owns all storage. */
struct es_opened {
    struct es_session after; /* the session to commit                                     */
    struct es_slice records; /* in payload, unpadded; each record is well-formed           */
    uint8_t *payload;        /* caller's, ES_ENVELOPE_BYTES_MAX                            */
    struct es_gap *gaps;     /* caller's, gaps_cap >= 2 * ES_WINDOW_MAX: new gaps, to commit */
    size_t gaps_cap;
    size_t n_gaps;
};

/* Opens an envelope whose tag was expected at `at`. day: of the node's life, dates new gaps. */
enum es_open_result es_session_open(const struct es_session *session, enum es_expected expected,
                                    struct es_position at, struct es_slice envelope, uint16_t day,
                                    struct es_opened *io);

/* Opens an envelope of an older number with its own key; the caller erases the gap. Fills
 * io->records and sets io->after to the session unchanged (but confirmed). */
enum es_open_result es_session_open_gap(const struct es_session *session, const struct es_gap *gap,
                                        struct es_slice envelope, struct es_opened *io);

/* Tags of `count` numbers from `from` on in the current or next receiving chain. For CURRENT, from
 * must not be below receive.next. */
void es_session_tags(const struct es_session *session, enum es_expected which, uint32_t from,
                     uint32_t count, struct es_tag *ret);

/* Encoding of a session's row: at most 1 KiB. False when the body is not one. */
#define ES_SESSION_ROW_BYTES_MAX 1024
size_t es_session_encode(const struct es_session *session, uint8_t *buf, size_t cap);
bool es_session_decode(struct es_slice body, struct es_session *ret);

void es_session_done(struct es_session *session);

#endif
