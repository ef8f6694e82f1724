/* SPDX-License-Identifier: ISC */
/* record.h - what a sealed payload holds: a sequence of typed records (docs/protocol.md,
 * section 5). Pure.
 *
 * record = type u8 | length u16 | body. A payload with an unknown type, a wrong length or bytes left
 * over is malformed as a whole. */
#ifndef ES_WIRE_RECORD_H
#define ES_WIRE_RECORD_H

#include "node/crypto/types.h"
#include "node/wire/cursor.h"
#include "node/wire/limits.h"

enum es_record_kind {
    ES_RECORD_TEXT = 1,
    ES_RECORD_ACK = 2,
    ES_RECORD_WINDOW = 3,
    ES_RECORD_PROFILE = 4,
    ES_RECORD_PRESENCE = 5,
    ES_RECORD_READ = 6,
    ES_RECORD_LINK_KEY = 7,
    ES_RECORD_PING = 8,
    ES_RECORD_PONG = 9,
    ES_RECORD_ANSWER = 10,
    ES_RECORD_LINK_STATE = 11,
    ES_RECORD_FLOOR = 12,
};

/* A message's name: who wrote it is known from the session. */
struct es_message_id {
    uint32_t incarnation;
    uint64_t sequence;
};

struct es_text {
    struct es_message_id id;
    uint64_t sent_at_ms; /* the sender's wall clock                                          */
    /* The sender's message before this one that was not acknowledged when this was sealed: it is
     * shown first. 0: none. */
    uint64_t after;
    /* The message it answers; sequence 0: none. */
    struct es_message_id reply_to;
    bool reply_to_own;    /* the answered message is the sender's own                       */
    struct es_slice text; /* UTF-8, 1..ES_TEXT_BYTES_MAX                                   */
};

/* Cumulative: which envelopes of the peer's chains have arrived (docs/protocol.md, section 6.5).
 * Chains ascend from `before` on; ranges ascend, do not overlap and end at `received`. */
struct es_ack_range {
    uint32_t from;
    uint16_t count; /* missing: from .. from+count-1 */
};
struct es_ack_chain {
    uint32_t chain;
    uint32_t received; /* all below this number have arrived, except the missing */
    uint8_t n_missing;
    struct es_ack_range missing[ES_ACK_RANGES_MAX];
};
struct es_ack {
    uint32_t before; /* every chain below is settled                              */
    uint8_t n_chains;
    struct es_ack_chain chains[ES_ACK_CHAINS_MAX];
    /* Whatever had not arrived up to here was given up: seal it anew. */
    uint32_t lost_chain, lost_below;
};

struct es_presence_record {
    uint32_t generation; /* grows when both keys are replaced  */
    uint32_t index;      /* of key, one step per day           */
    struct es_key key;
    struct es_sign_public signer;
};

/* In LINK envelopes only: the sender's place in the session. */
struct es_link_state {
    uint8_t session[8]; /* begin of the session id                         */
    uint32_t chain;     /* sending chain and next number in it             */
    uint32_t next;
    uint64_t wall_ms;
};

struct es_record {
    enum es_record_kind kind;
    union {
        struct es_text text;
        struct es_ack ack;
        uint16_t window;
        struct es_slice profile; /* claimed name, UTF-8, at most ES_NAME_BYTES_MAX */
        struct es_presence_record presence;
        struct es_message_id read; /* this one and all before it */
        struct {
            uint32_t serial;
            struct es_key key;
        } link_key;
        struct {
            uint64_t token;
            uint16_t pad_bytes; /* zeros that follow, so that a ping has a size */
        } ping;                 /* PING, PONG */
        struct es_link_state link_state;
        /* The sender sends nothing again that it sealed before this place in the session: what has
         * not arrived of it never will. */
        struct {
            uint32_t chain, n;
        } floor;
    };
};

/* Decodes the next record. False at the end of the payload and, with reader->failed set, when it is
 * malformed. Slices borrow from the reader's input. */
bool es_record_next(struct es_reader *reader, struct es_record *ret);

/* True when the whole payload is a sequence of well-formed records: asked before any is used. */
bool es_records_valid(struct es_slice payload);

/* Appends one record. Sets writer->failed, and appends nothing, when it does not fit or when a
 * decoder would refuse it (a text that is no UTF-8, too long a name ...). */
void es_record_write(struct es_writer *writer, const struct es_record *record);

/* Size of the record when encoded. */
size_t es_record_bytes(const struct es_record *record);

#endif
