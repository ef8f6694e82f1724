/* SPDX-License-Identifier: ISC */
/* record.c - encoding of what a sealed payload holds (docs/protocol.md, section 5).
 *
 * One predicate says what a well-formed record is, for both directions: nothing is written that a
 * peer would refuse. */
#include "node/wire/record.h"

#include <string.h>

#include "node/wire/utf8.h"

#define RECORD_HEADER_BYTES 3
#define MESSAGE_ID_BYTES 12
#define TEXT_HEAD_BYTES (MESSAGE_ID_BYTES + 8 + 8 + 1 + MESSAGE_ID_BYTES)
#define ACK_HEAD_BYTES 13
#define ACK_CHAIN_HEAD_BYTES 9
#define ACK_RANGE_BYTES 6

_Static_assert(TEXT_HEAD_BYTES + ES_TEXT_BYTES_MAX <= UINT16_MAX, "a text's length is an u16");
_Static_assert(ACK_HEAD_BYTES + ES_ACK_CHAINS_MAX *
                                    (ACK_CHAIN_HEAD_BYTES + ES_ACK_RANGES_MAX * ACK_RANGE_BYTES) <=
                   UINT16_MAX,
               "an acknowledgement's length is an u16");

static const uint8_t zeros[ES_PING_BYTES_MAX];

/* --- What is well-formed ---------------------------------------------------------------------- */

static bool text_ok(const struct es_text *text)
{
    bool answers = text->reply_to.sequence != 0;

    /* One spelling of "answers nothing". */
    if (!answers && (text->reply_to.incarnation != 0 || text->reply_to_own))
        return false;
    /* Sequence numbers begin at 1, so a message without one comes after nothing. */
    return text->after < text->id.sequence && text->text.len > 0 &&
           text->text.len <= ES_TEXT_BYTES_MAX && es_utf8_valid(text->text);
}

static bool ack_chain_ok(const struct es_ack_chain *chain)
{
    uint64_t at = 0;

    if (chain->n_missing > ES_ACK_RANGES_MAX)
        return false;
    for (size_t i = 0; i < chain->n_missing; i++) {
        const struct es_ack_range *range = &chain->missing[i];

        if (range->from < at || range->count == 0)
            return false;
        at = (uint64_t)range->from + range->count;
    }
    return at <= chain->received;
}

static bool ack_ok(const struct es_ack *ack)
{
    uint64_t at = ack->before;

    if (ack->n_chains > ES_ACK_CHAINS_MAX)
        return false;
    for (size_t i = 0; i < ack->n_chains; i++) {
        if (ack->chains[i].chain < at || !ack_chain_ok(&ack->chains[i]))
            return false;
        at = (uint64_t)ack->chains[i].chain + 1;
    }
    return true;
}

static bool record_ok(const struct es_record *record)
{
    switch (record->kind) {
    case ES_RECORD_TEXT:
        return text_ok(&record->text);
    case ES_RECORD_ACK:
        return ack_ok(&record->ack);
    case ES_RECORD_WINDOW:
        return record->window >= ES_WINDOW && record->window <= ES_WINDOW_MAX;
    case ES_RECORD_PROFILE:
        return record->profile.len <= ES_NAME_BYTES_MAX && es_utf8_valid(record->profile);
    case ES_RECORD_READ:
        return record->read.sequence != 0;
    case ES_RECORD_PING:
    case ES_RECORD_PONG:
        return record->ping.pad_bytes <= ES_PING_BYTES_MAX;
    case ES_RECORD_PRESENCE:
    case ES_RECORD_LINK_KEY:
    case ES_RECORD_ANSWER:
    case ES_RECORD_LINK_STATE:
    case ES_RECORD_FLOOR:
        return true;
    }
    return false;
}

/* --- Reading ---------------------------------------------------------------------------------- */

static void read_message_id(struct es_reader *body, struct es_message_id *ret)
{
    ret->incarnation = es_read_u32(body);
    ret->sequence = es_read_u64(body);
}

static void read_text(struct es_reader *body, struct es_text *ret)
{
    uint8_t own;

    read_message_id(body, &ret->id);
    ret->sent_at_ms = es_read_u64(body);
    ret->after = es_read_u64(body);
    own = es_read_u8(body);
    ret->reply_to_own = own != 0;
    read_message_id(body, &ret->reply_to);
    ret->text = es_read_rest(body);
    if (own > 1)
        body->failed = true;
}

static void read_ack_chain(struct es_reader *body, struct es_ack_chain *ret)
{
    ret->chain = es_read_u32(body);
    ret->received = es_read_u32(body);
    ret->n_missing = es_read_u8(body);
    if (ret->n_missing > ES_ACK_RANGES_MAX) {
        body->failed = true;
        return;
    }
    for (size_t i = 0; i < ret->n_missing; i++) {
        ret->missing[i].from = es_read_u32(body);
        ret->missing[i].count = es_read_u16(body);
    }
}

static void read_ack(struct es_reader *body, struct es_ack *ret)
{
    ret->before = es_read_u32(body);
    ret->lost_chain = es_read_u32(body);
    ret->lost_below = es_read_u32(body);
    ret->n_chains = es_read_u8(body);
    if (ret->n_chains > ES_ACK_CHAINS_MAX) {
        body->failed = true;
        return;
    }
    for (size_t i = 0; i < ret->n_chains; i++)
        read_ack_chain(body, &ret->chains[i]);
}

static void read_ping(struct es_reader *body, struct es_record *ret)
{
    struct es_slice pad;

    ret->ping.token = es_read_u64(body);
    pad = es_read_rest(body);
    ret->ping.pad_bytes = (uint16_t)pad.len; /* the record's length is an u16 */
    if (!es_bytes_zero(pad.ptr, pad.len))
        body->failed = true;
}

static void read_presence(struct es_reader *body, struct es_presence_record *ret)
{
    ret->generation = es_read_u32(body);
    ret->index = es_read_u32(body);
    es_read_bytes(body, ret->key.bytes, sizeof(ret->key.bytes));
    es_read_bytes(body, ret->signer.bytes, sizeof(ret->signer.bytes));
}

static void read_link_state(struct es_reader *body, struct es_link_state *ret)
{
    es_read_bytes(body, ret->session, sizeof(ret->session));
    ret->chain = es_read_u32(body);
    ret->next = es_read_u32(body);
    ret->wall_ms = es_read_u64(body);
}

static void read_body(struct es_reader *body, struct es_record *ret)
{
    switch (ret->kind) {
    case ES_RECORD_TEXT:
        read_text(body, &ret->text);
        return;
    case ES_RECORD_ACK:
        read_ack(body, &ret->ack);
        return;
    case ES_RECORD_WINDOW:
        ret->window = es_read_u16(body);
        return;
    case ES_RECORD_PROFILE:
        ret->profile = es_read_rest(body);
        return;
    case ES_RECORD_PRESENCE:
        read_presence(body, &ret->presence);
        return;
    case ES_RECORD_READ:
        read_message_id(body, &ret->read);
        return;
    case ES_RECORD_LINK_KEY:
        ret->link_key.serial = es_read_u32(body);
        es_read_bytes(body, ret->link_key.key.bytes, sizeof(ret->link_key.key.bytes));
        return;
    case ES_RECORD_PING:
    case ES_RECORD_PONG:
        read_ping(body, ret);
        return;
    case ES_RECORD_ANSWER:
        return;
    case ES_RECORD_LINK_STATE:
        read_link_state(body, &ret->link_state);
        return;
    case ES_RECORD_FLOOR:
        ret->floor.chain = es_read_u32(body);
        ret->floor.n = es_read_u32(body);
        return;
    }
    body->failed = true; /* an unknown type */
}

bool es_record_next(struct es_reader *reader, struct es_record *ret)
{
    if (reader->failed || es_reader_left(reader) == 0)
        return false;
    memset(ret, 0, sizeof(*ret));
    ret->kind = (enum es_record_kind)es_read_u8(reader);
    struct es_reader body = es_reader(es_read_long(reader, UINT16_MAX));

    read_body(&body, ret);
    if (!reader->failed && es_reader_done(&body) && record_ok(ret))
        return true;
    reader->failed = true;
    memset(ret, 0, sizeof(*ret));
    return false;
}

bool es_records_valid(struct es_slice payload)
{
    struct es_reader reader = es_reader(payload);
    struct es_record record;

    while (es_record_next(&reader, &record))
        ;
    return es_reader_done(&reader);
}

/* --- Writing ---------------------------------------------------------------------------------- */

static size_t ack_bytes(const struct es_ack *ack)
{
    size_t len = ACK_HEAD_BYTES;

    for (size_t i = 0; i < ack->n_chains; i++)
        len += ACK_CHAIN_HEAD_BYTES + (size_t)ack->chains[i].n_missing * ACK_RANGE_BYTES;
    return len;
}

static size_t body_bytes(const struct es_record *record)
{
    switch (record->kind) {
    case ES_RECORD_TEXT:
        return TEXT_HEAD_BYTES + record->text.text.len;
    case ES_RECORD_ACK:
        return ack_bytes(&record->ack);
    case ES_RECORD_WINDOW:
        return sizeof(record->window);
    case ES_RECORD_PROFILE:
        return record->profile.len;
    case ES_RECORD_PRESENCE:
        return 4 + 4 + sizeof(record->presence.key) + sizeof(record->presence.signer);
    case ES_RECORD_READ:
        return MESSAGE_ID_BYTES;
    case ES_RECORD_LINK_KEY:
        return 4 + sizeof(record->link_key.key);
    case ES_RECORD_PING:
    case ES_RECORD_PONG:
        return 8 + (size_t)record->ping.pad_bytes;
    case ES_RECORD_ANSWER:
        return 0;
    case ES_RECORD_LINK_STATE:
        return sizeof(record->link_state.session) + 4 + 4 + 8;
    case ES_RECORD_FLOOR:
        return 4 + 4;
    }
    return 0;
}

size_t es_record_bytes(const struct es_record *record)
{
    return RECORD_HEADER_BYTES + body_bytes(record);
}

static void write_message_id(struct es_writer *writer, const struct es_message_id *id)
{
    es_write_u32(writer, id->incarnation);
    es_write_u64(writer, id->sequence);
}

static void write_text(struct es_writer *writer, const struct es_text *text)
{
    write_message_id(writer, &text->id);
    es_write_u64(writer, text->sent_at_ms);
    es_write_u64(writer, text->after);
    es_write_u8(writer, text->reply_to_own);
    write_message_id(writer, &text->reply_to);
    es_write_bytes(writer, text->text.ptr, text->text.len);
}

static void write_ack(struct es_writer *writer, const struct es_ack *ack)
{
    es_write_u32(writer, ack->before);
    es_write_u32(writer, ack->lost_chain);
    es_write_u32(writer, ack->lost_below);
    es_write_u8(writer, ack->n_chains);
    for (size_t i = 0; i < ack->n_chains; i++) {
        const struct es_ack_chain *chain = &ack->chains[i];

        es_write_u32(writer, chain->chain);
        es_write_u32(writer, chain->received);
        es_write_u8(writer, chain->n_missing);
        for (size_t k = 0; k < chain->n_missing; k++) {
            es_write_u32(writer, chain->missing[k].from);
            es_write_u16(writer, chain->missing[k].count);
        }
    }
}

static void write_presence(struct es_writer *writer, const struct es_presence_record *presence)
{
    es_write_u32(writer, presence->generation);
    es_write_u32(writer, presence->index);
    es_write_bytes(writer, presence->key.bytes, sizeof(presence->key.bytes));
    es_write_bytes(writer, presence->signer.bytes, sizeof(presence->signer.bytes));
}

static void write_link_state(struct es_writer *writer, const struct es_link_state *state)
{
    es_write_bytes(writer, state->session, sizeof(state->session));
    es_write_u32(writer, state->chain);
    es_write_u32(writer, state->next);
    es_write_u64(writer, state->wall_ms);
}

static void write_body(struct es_writer *writer, const struct es_record *record)
{
    switch (record->kind) {
    case ES_RECORD_TEXT:
        write_text(writer, &record->text);
        return;
    case ES_RECORD_ACK:
        write_ack(writer, &record->ack);
        return;
    case ES_RECORD_WINDOW:
        es_write_u16(writer, record->window);
        return;
    case ES_RECORD_PROFILE:
        es_write_bytes(writer, record->profile.ptr, record->profile.len);
        return;
    case ES_RECORD_PRESENCE:
        write_presence(writer, &record->presence);
        return;
    case ES_RECORD_READ:
        write_message_id(writer, &record->read);
        return;
    case ES_RECORD_LINK_KEY:
        es_write_u32(writer, record->link_key.serial);
        es_write_bytes(writer, record->link_key.key.bytes, sizeof(record->link_key.key.bytes));
        return;
    case ES_RECORD_PING:
    case ES_RECORD_PONG:
        es_write_u64(writer, record->ping.token);
        es_write_bytes(writer, zeros, record->ping.pad_bytes);
        return;
    case ES_RECORD_ANSWER:
        return;
    case ES_RECORD_LINK_STATE:
        write_link_state(writer, &record->link_state);
        return;
    case ES_RECORD_FLOOR:
        es_write_u32(writer, record->floor.chain);
        es_write_u32(writer, record->floor.n);
        return;
    }
}

void es_record_write(struct es_writer *writer, const struct es_record *record)
{
    if (!record_ok(record) || es_record_bytes(record) > (size_t)(writer->end - writer->at)) {
        writer->failed = true;
        return;
    }
    es_write_u8(writer, (uint8_t)record->kind);
    es_write_u16(writer, (uint16_t)body_bytes(record));
    write_body(writer, record);
}
