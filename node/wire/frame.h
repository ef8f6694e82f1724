/* SPDX-License-Identifier: ISC */
/* frame.h - what travels on a link: one frame per ZeroMQ message (docs/protocol.md, section 7).
 *
 * Encoders write to the caller's buffer and give the length, 0 when it does not fit. The decoder
 * takes hostile bytes, consumes them exactly or refuses; slices of the result borrow from them. */
#ifndef ES_WIRE_FRAME_H
#define ES_WIRE_FRAME_H

#include "node/crypto/types.h"
#include "node/wire/limits.h"
#include "node/wire/slice.h"

#define ES_PROTOCOL_VERSION 1

enum es_frame_kind {
    ES_FRAME_HELLO = 1,
    ES_FRAME_LINK = 2,
    ES_FRAME_ENVELOPES = 3,
    ES_FRAME_ACK = 4,
    ES_FRAME_MOVED = 5,
    ES_FRAME_PING = 6,
    ES_FRAME_PONG = 7,
    ES_FRAME_BYE = 8,
};

enum es_bye_reason {
    ES_BYE_CLOSING = 1,  /* the node stops                                  */
    ES_BYE_CROWDED = 2,  /* no place for another link                       */
    ES_BYE_REPLACED = 3, /* another link between the same two nodes stays   */
    ES_BYE_VERSION = 4,  /* no common protocol version                      */
    ES_BYE_REFUSED = 5,  /* frames that no honest node sends                */
};

struct es_hello {
    uint8_t version_min, version_max;
    uint16_t bucket; /* mesh time of the sender, as an expiry bucket */
    uint8_t slots[ES_HELLO_SLOTS][ES_HELLO_SLOT_BYTES];
};

/* First half of an envelope's id: enough among those in flight on one link. */
struct es_ack_id {
    uint8_t bytes[16];
};

struct es_frame {
    enum es_frame_kind kind;
    union {
        struct es_hello hello;
        struct es_slice link; /* the 512-byte LINK envelope */
        struct {
            size_t n;
            uint8_t copies[ES_FRAME_ENVELOPES_MAX];
            struct es_slice at[ES_FRAME_ENVELOPES_MAX]; /* each one a well-formed envelope */
        } envelopes;
        struct {
            size_t n;
            struct es_slice ids; /* n * 16 bytes */
        } ack;
        struct {
            uint16_t port;
            struct es_dh_public key;
        } moved;
        uint64_t token; /* PING, PONG */
        enum es_bye_reason bye;
    };
};

bool es_frame_decode(struct es_slice bytes, struct es_frame *ret);

size_t es_frame_hello(uint8_t *buf, size_t cap, const struct es_hello *hello);
size_t es_frame_link(uint8_t *buf, size_t cap, struct es_slice envelope);
size_t es_frame_ack(uint8_t *buf, size_t cap, const struct es_ack_id *ids, size_t n);
size_t es_frame_moved(uint8_t *buf, size_t cap, uint16_t port, const struct es_dh_public *key);
size_t es_frame_ping(uint8_t *buf, size_t cap, uint64_t token);
size_t es_frame_pong(uint8_t *buf, size_t cap, uint64_t token);
size_t es_frame_bye(uint8_t *buf, size_t cap, enum es_bye_reason reason);

/* ENVELOPES is built up: begin, add until false (does not fit), the length is what add last gave. */
size_t es_frame_envelopes_begin(uint8_t *buf, size_t cap);
bool es_frame_envelopes_add(uint8_t *buf, size_t cap, size_t *io_len, uint8_t copies,
                            struct es_slice envelope);

#endif
