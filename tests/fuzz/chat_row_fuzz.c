/* SPDX-License-Identifier: ISC */
/* chat_row_fuzz.c - the first byte says which row of the chat layer follows (a kind of row; the highest
 * bit: its key). Whatever reads as one is written byte for byte the same. */
#include <assert.h>
#include <string.h>

#include "node/core/chat/rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define KEY_BIT 0x80

static uint8_t written[ES_ROW_BODY_BYTES_MAX + ES_ENVELOPE_BYTES_MAX];

static void assert_body(struct es_slice body, size_t len)
{
    assert(len == body.len && memcmp(written, body.ptr, len) == 0);
}

static void assert_key(struct es_slice body, const struct es_row_key *key)
{
    assert(key->len == body.len && memcmp(key->bytes, body.ptr, key->len) == 0);
}

static void try_self(struct es_slice body)
{
    struct es_self self = {0};

    /* A name may end early: it is shown up to its first zero. */
    if (es_body_decode_self(body, &self))
        assert(es_body_self(&self, written, sizeof(written)) <= body.len);
    else
        assert(!self.has_identity);
}

static void try_contact(struct es_slice body)
{
    struct es_contact contact = {0};

    if (!es_body_decode_contact(body, &contact))
        return;
    assert(contact.petname[ES_NAME_BYTES_MAX] == '\0');
    assert(contact.claimed_name[ES_NAME_BYTES_MAX] == '\0');
    assert(es_body_contact(&contact, written, sizeof(written)) <= body.len);
}

static void try_session(struct es_slice body)
{
    struct es_live_session session = {0};

    if (es_body_decode_session(body, &session))
        assert_body(body, es_body_session(&session, written, sizeof(written)));
}

static void try_gap(struct es_slice body)
{
    struct es_gap gap = {0};

    if (es_body_decode_gap(body, &gap))
        assert_body(body, es_body_gap(&gap, written, sizeof(written)));
}

static void try_outgoing(struct es_slice body)
{
    struct es_outgoing out = {0};
    struct es_slice envelope;

    if (!es_body_decode_outgoing(body, &out, &envelope))
        return;
    assert(out.sealed == (envelope.len > 0));
    assert_body(body, es_body_outgoing(&out, envelope, written, sizeof(written)));
}

static void try_message(struct es_slice body)
{
    struct es_message message = {0};

    if (!es_message_decode(body, &message))
        return;
    assert(message.text.len <= ES_TEXT_BYTES_MAX);
    assert_body(body, es_body_message(&message, written, sizeof(written)));
}

static void try_held(struct es_slice body)
{
    struct es_held held = {0};

    if (es_body_decode_held(body, &held))
        assert_body(body, es_body_held(&held, written, sizeof(written)));
}

static void try_asking(struct es_slice body)
{
    struct es_asking asking = {0};

    if (es_body_decode_asking(body, &asking))
        assert_body(body, es_body_asking(&asking, written, sizeof(written)));
}

static void try_asked(struct es_slice body)
{
    struct es_asked asked = {0};

    if (!es_body_decode_asked(body, &asked))
        return;
    assert(asked.greeting[ES_GREETING_BYTES_MAX] == '\0');
    assert(es_body_asked(&asked, written, sizeof(written)) <= body.len);
}

static void try_invite(struct es_slice body)
{
    struct es_open_invite invite = {0};

    if (es_body_decode_invite(body, &invite))
        assert_body(body, es_body_invite(&invite, written, sizeof(written)));
}

static void try_seen(struct es_slice body)
{
    struct es_id digest;
    uint64_t serial;

    if (es_body_decode_seen(body, &serial, &digest))
        assert_body(body, es_body_seen(serial, &digest, written, sizeof(written)));
}

/* --- Keys ------------------------------------------------------------------------------------- */

static void try_key(enum es_row_kind kind, struct es_slice bytes)
{
    enum es_outgoing_kind out;
    struct es_message_id id;
    struct es_position at;
    struct es_row_key key;
    uint32_t number;

    if (kind == ES_ROW_GAP && es_key_decode_gap(bytes, &number, &at)) {
        key = es_key_gap(number, at);
        assert_key(bytes, &key);
    } else if (kind == ES_ROW_OUTBOX && es_key_decode_outgoing(bytes, &number, &out, &id)) {
        key = es_key_outgoing(number, out, id);
        assert_key(bytes, &key);
    } else if (kind == ES_ROW_HELD && es_key_decode_held(bytes, &number, &id)) {
        key = es_key_held(number, id);
        assert_key(bytes, &key);
    } else if (kind == ES_ROW_CONTACT && es_key_decode_number(bytes, &number)) {
        key = es_key_number(number);
        assert_key(bytes, &key);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const of[ES_ROW_KIND_END])(struct es_slice body) = {
        [ES_ROW_SELF] = try_self,          [ES_ROW_CONTACT] = try_contact,
        [ES_ROW_SESSION] = try_session,    [ES_ROW_GAP] = try_gap,
        [ES_ROW_OUTBOX] = try_outgoing,    [ES_ROW_MESSAGE] = try_message,
        [ES_ROW_HELD] = try_held,          [ES_ROW_REQUEST_IN] = try_asked,
        [ES_ROW_REQUEST_OUT] = try_asking, [ES_ROW_INVITE] = try_invite,
        [ES_ROW_SEEN] = try_seen,
    };
    struct es_slice body;

    if (size == 0)
        return 0;
    body = es_slice(data + 1, size - 1);
    if (data[0] & KEY_BIT)
        try_key((enum es_row_kind)(data[0] & ~KEY_BIT), body);
    else if (data[0] < ES_ROW_KIND_END && of[data[0]] != NULL)
        of[data[0]](body);
    return 0;
}
