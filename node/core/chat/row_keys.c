/* SPDX-License-Identifier: ISC */
/* row_keys.c - primary keys of the chat layer's rows. */
#include <string.h>

#include "node/core/chat/rows.h"

/* Enough to tell the few texts apart that come under one id; its sender alone could make two alike. */
#define CONFLICT_DIGEST_BYTES 16

static struct es_row_key finish(struct es_row_key key, const struct es_writer *writer)
{
    key.len = es_writer_len(writer);
    return key;
}

struct es_row_key es_key_self(void)
{
    return (struct es_row_key){.bytes = "self", .len = 4};
}

struct es_row_key es_key_number(uint32_t number)
{
    struct es_row_key key;
    struct es_writer writer = es_writer(key.bytes, sizeof(key.bytes));

    es_write_u32_be(&writer, number);
    return finish(key, &writer);
}

struct es_row_key es_key_address(const struct es_sign_public *address)
{
    struct es_row_key key = {.len = sizeof(address->bytes)};

    memcpy(key.bytes, address->bytes, sizeof(address->bytes));
    return key;
}

struct es_row_key es_key_digest(const struct es_id *digest)
{
    struct es_row_key key = {.len = sizeof(digest->bytes)};

    memcpy(key.bytes, digest->bytes, sizeof(digest->bytes));
    return key;
}

struct es_row_key es_key_gap(uint32_t session, struct es_position at)
{
    struct es_row_key key;
    struct es_writer writer = es_writer(key.bytes, sizeof(key.bytes));

    es_write_u32_be(&writer, session);
    es_write_u32_be(&writer, at.chain);
    es_write_u32_be(&writer, at.n);
    return finish(key, &writer);
}

static void write_id(struct es_writer *writer, struct es_message_id id)
{
    es_write_u32_be(writer, id.incarnation);
    es_write_u64_be(writer, id.sequence);
}

static struct es_message_id read_id(struct es_reader *reader)
{
    struct es_message_id id;

    id.incarnation = es_read_u32_be(reader);
    id.sequence = es_read_u64_be(reader);
    return id;
}

struct es_row_key es_key_outgoing(uint32_t contact, enum es_outgoing_kind kind,
                                  struct es_message_id id)
{
    struct es_row_key key;
    struct es_writer writer = es_writer(key.bytes, sizeof(key.bytes));

    es_write_u32_be(&writer, contact);
    es_write_u8(&writer, (uint8_t)kind);
    write_id(&writer, id);
    return finish(key, &writer);
}

struct es_row_key es_key_message(uint32_t contact, enum es_message_sort sort,
                                 struct es_message_id id, const struct es_id *digest)
{
    struct es_row_key key;
    struct es_writer writer = es_writer(key.bytes, sizeof(key.bytes));

    es_write_u32_be(&writer, contact);
    es_write_u8(&writer, (uint8_t)sort);
    write_id(&writer, id);
    if (sort == ES_MESSAGE_CONFLICT)
        es_write_bytes(&writer, digest->bytes, CONFLICT_DIGEST_BYTES);
    return finish(key, &writer);
}

struct es_row_key es_key_held(uint32_t contact, struct es_message_id id)
{
    struct es_row_key key;
    struct es_writer writer = es_writer(key.bytes, sizeof(key.bytes));

    es_write_u32_be(&writer, contact);
    write_id(&writer, id);
    return finish(key, &writer);
}

bool es_key_decode_gap(struct es_slice key, uint32_t *ret_session, struct es_position *ret_at)
{
    struct es_reader reader = es_reader(key);

    *ret_session = es_read_u32_be(&reader);
    ret_at->chain = es_read_u32_be(&reader);
    ret_at->n = es_read_u32_be(&reader);
    return es_reader_done(&reader);
}

bool es_key_decode_outgoing(struct es_slice key, uint32_t *ret_contact,
                            enum es_outgoing_kind *ret_kind, struct es_message_id *ret_id)
{
    struct es_reader reader = es_reader(key);
    uint8_t kind;

    *ret_contact = es_read_u32_be(&reader);
    kind = es_read_u8(&reader);
    *ret_id = read_id(&reader);
    *ret_kind = kind == ES_OUT_TEXT ? ES_OUT_TEXT : ES_OUT_CONTROL;
    return es_reader_done(&reader) && kind <= ES_OUT_CONTROL;
}

bool es_key_decode_held(struct es_slice key, uint32_t *ret_contact, struct es_message_id *ret_id)
{
    struct es_reader reader = es_reader(key);

    *ret_contact = es_read_u32_be(&reader);
    *ret_id = read_id(&reader);
    return es_reader_done(&reader);
}

bool es_key_decode_number(struct es_slice key, uint32_t *ret)
{
    struct es_reader reader = es_reader(key);

    *ret = es_read_u32_be(&reader);
    return es_reader_done(&reader);
}
