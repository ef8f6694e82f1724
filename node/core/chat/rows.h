/* SPDX-License-Identifier: ISC */
/* rows.h - the chat layer's rows: keys and bodies (docs/protocol.md has nothing of this: a database
 * is never exchanged).
 *
 * A body begins with a version byte. Encoders write to buf and give the length; decoders refuse what
 * is not exactly one body. */
#ifndef ES_CHAT_ROWS_H
#define ES_CHAT_ROWS_H

#include "node/core/chat/state.h"

struct es_row_key {
    uint8_t bytes[ES_ROW_KEY_BYTES_MAX];
    size_t len;
};

static inline struct es_slice es_row_key_slice(const struct es_row_key *key)
{
    return es_slice(key->bytes, key->len);
}

/* Numbers are big-endian, so that rows sort by them. */
struct es_row_key es_key_self(void);
struct es_row_key es_key_number(uint32_t number);
struct es_row_key es_key_address(const struct es_sign_public *address);
struct es_row_key es_key_digest(const struct es_id *digest);
struct es_row_key es_key_gap(uint32_t session, struct es_position at);
struct es_row_key es_key_outgoing(uint32_t contact, enum es_outgoing_kind kind,
                                  struct es_message_id id);
/* Of theirs that came under an id already used, the digest tells them apart. */
enum es_message_sort { ES_MESSAGE_THEIRS = 0, ES_MESSAGE_OURS = 1, ES_MESSAGE_CONFLICT = 2 };
struct es_row_key es_key_message(uint32_t contact, enum es_message_sort sort,
                                 struct es_message_id id, const struct es_id *digest);
struct es_row_key es_key_held(uint32_t contact, struct es_message_id id);

bool es_key_decode_gap(struct es_slice key, uint32_t *ret_session, struct es_position *ret_at);
bool es_key_decode_outgoing(struct es_slice key, uint32_t *ret_contact,
                            enum es_outgoing_kind *ret_kind, struct es_message_id *ret_id);
bool es_key_decode_held(struct es_slice key, uint32_t *ret_contact, struct es_message_id *ret_id);
bool es_key_decode_number(struct es_slice key, uint32_t *ret);

size_t es_body_self(const struct es_self *self, uint8_t *buf, size_t cap);
bool es_body_decode_self(struct es_slice body, struct es_self *ret);
size_t es_body_contact(const struct es_contact *contact, uint8_t *buf, size_t cap);
bool es_body_decode_contact(struct es_slice body, struct es_contact *ret);
size_t es_body_session(const struct es_live_session *session, uint8_t *buf, size_t cap);
bool es_body_decode_session(struct es_slice body, struct es_live_session *ret);
size_t es_body_gap(const struct es_gap *gap, uint8_t *buf, size_t cap);
bool es_body_decode_gap(struct es_slice body, struct es_gap *ret);
/* The sealed envelope, if there is one, is the rest of the body. */
size_t es_body_outgoing(const struct es_outgoing *out, struct es_slice envelope, uint8_t *buf,
                        size_t cap);
bool es_body_decode_outgoing(struct es_slice body, struct es_outgoing *ret,
                             struct es_slice *ret_envelope);
size_t es_body_message(const struct es_message *message, uint8_t *buf, size_t cap);
size_t es_body_held(const struct es_held *held, uint8_t *buf, size_t cap);
bool es_body_decode_held(struct es_slice body, struct es_held *ret);
size_t es_body_asking(const struct es_asking *asking, uint8_t *buf, size_t cap);
bool es_body_decode_asking(struct es_slice body, struct es_asking *ret);
size_t es_body_asked(const struct es_asked *asked, uint8_t *buf, size_t cap);
bool es_body_decode_asked(struct es_slice body, struct es_asked *ret);
size_t es_body_invite(const struct es_open_invite *invite, uint8_t *buf, size_t cap);
bool es_body_decode_invite(struct es_slice body, struct es_open_invite *ret);
/* A place in the ring of requests that strangers made (asked.c). */
size_t es_body_seen(uint64_t serial, const struct es_id *digest, uint8_t *buf, size_t cap);
bool es_body_decode_seen(struct es_slice body, uint64_t *ret_serial, struct es_id *ret_digest);

#endif
