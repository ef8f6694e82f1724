/* SPDX-License-Identifier: ISC */
/* session_row.c - a session as a row of the store. The row has one length, so that a disk does not
 * show in which state a session is. */
#include "node/core/e2ee/session.h"

#define ROW_VERSION 1

enum flag {
    FLAG_INITIATOR = 1 << 0,
    FLAG_CONFIRMED = 1 << 1,
    FLAG_TURN = 1 << 2,
    FLAG_SENDING = 1 << 3,
    FLAG_RECEIVING = 1 << 4,
    FLAGS_ALL = (1 << 5) - 1,
};

static uint8_t flags_of(const struct es_session *session)
{
    return (uint8_t)((session->initiator ? FLAG_INITIATOR : 0) |
                     (session->confirmed ? FLAG_CONFIRMED : 0) | (session->turn ? FLAG_TURN : 0) |
                     (session->sending ? FLAG_SENDING : 0) |
                     (session->receiving ? FLAG_RECEIVING : 0));
}

static void write_chain(struct es_writer *writer, const struct es_chain *chain)
{
    es_write_u32(writer, chain->number);
    es_write_u32(writer, chain->next);
    es_write_bytes(writer, chain->tag_seed.bytes, sizeof(chain->tag_seed.bytes));
    es_write_bytes(writer, chain->chain_key.bytes, sizeof(chain->chain_key.bytes));
}

static void read_chain(struct es_reader *reader, struct es_chain *ret)
{
    ret->number = es_read_u32(reader);
    ret->next = es_read_u32(reader);
    es_read_bytes(reader, ret->tag_seed.bytes, sizeof(ret->tag_seed.bytes));
    es_read_bytes(reader, ret->chain_key.bytes, sizeof(ret->chain_key.bytes));
}

size_t es_session_encode(const struct es_session *session, uint8_t *buf, size_t cap)
{
    struct es_writer writer = es_writer(buf, cap);

    es_write_u8(&writer, ROW_VERSION);
    es_write_u8(&writer, flags_of(session));
    es_write_u32(&writer, session->number);
    es_write_u32(&writer, session->contact);
    es_write_bytes(&writer, session->id.bytes, sizeof(session->id.bytes));
    es_write_u64(&writer, session->heard_age_ms);
    es_write_bytes(&writer, session->root.bytes, sizeof(session->root.bytes));
    es_write_bytes(&writer, session->own.bytes, sizeof(session->own.bytes));
    es_write_bytes(&writer, session->own_public.bytes, sizeof(session->own_public.bytes));
    es_write_bytes(&writer, session->peer.bytes, sizeof(session->peer.bytes));
    write_chain(&writer, &session->send);
    es_write_u32(&writer, session->previous_count);
    es_write_bytes(&writer, session->send_next_seed.bytes, sizeof(session->send_next_seed.bytes));
    es_write_u32(&writer, session->acked);
    es_write_u16(&writer, session->window);
    write_chain(&writer, &session->receive);
    es_write_bytes(&writer, session->receive_next_seed.bytes,
                   sizeof(session->receive_next_seed.bytes));
    es_write_u16(&writer, session->own_window);
    es_write_bytes(&writer, session->accept_key.bytes, sizeof(session->accept_key.bytes));
    es_write_bytes(&writer, session->accept_address.bytes, sizeof(session->accept_address.bytes));
    return writer.failed ? 0 : es_writer_len(&writer);
}

static bool window_valid(uint16_t window)
{
    return window >= 1 && window <= ES_WINDOW_MAX;
}

/* What sealing and opening rely on. */
static bool session_valid(const struct es_session *session)
{
    bool own_gone = es_bytes_zero(&session->own, sizeof(session->own));

    return session->turn == own_gone && (session->turn || session->sending) &&
           session->acked <= session->send.next && session->previous_count <= UINT16_MAX &&
           session->send.next <= UINT16_MAX && window_valid(session->window) &&
           window_valid(session->own_window);
}

bool es_session_decode(struct es_slice body, struct es_session *ret)
{
    struct es_reader reader = es_reader(body);
    uint8_t version = es_read_u8(&reader);
    uint8_t flags = es_read_u8(&reader);

    *ret = (struct es_session){
        .initiator = (flags & FLAG_INITIATOR) != 0,
        .confirmed = (flags & FLAG_CONFIRMED) != 0,
        .turn = (flags & FLAG_TURN) != 0,
        .sending = (flags & FLAG_SENDING) != 0,
        .receiving = (flags & FLAG_RECEIVING) != 0,
    };
    ret->number = es_read_u32(&reader);
    ret->contact = es_read_u32(&reader);
    es_read_bytes(&reader, ret->id.bytes, sizeof(ret->id.bytes));
    ret->heard_age_ms = es_read_u64(&reader);
    es_read_bytes(&reader, ret->root.bytes, sizeof(ret->root.bytes));
    es_read_bytes(&reader, ret->own.bytes, sizeof(ret->own.bytes));
    es_read_bytes(&reader, ret->own_public.bytes, sizeof(ret->own_public.bytes));
    es_read_bytes(&reader, ret->peer.bytes, sizeof(ret->peer.bytes));
    read_chain(&reader, &ret->send);
    ret->previous_count = es_read_u32(&reader);
    es_read_bytes(&reader, ret->send_next_seed.bytes, sizeof(ret->send_next_seed.bytes));
    ret->acked = es_read_u32(&reader);
    ret->window = es_read_u16(&reader);
    read_chain(&reader, &ret->receive);
    es_read_bytes(&reader, ret->receive_next_seed.bytes, sizeof(ret->receive_next_seed.bytes));
    ret->own_window = es_read_u16(&reader);
    es_read_bytes(&reader, ret->accept_key.bytes, sizeof(ret->accept_key.bytes));
    es_read_bytes(&reader, ret->accept_address.bytes, sizeof(ret->accept_address.bytes));
    if (es_reader_done(&reader) && version == ROW_VERSION && (flags & ~FLAGS_ALL) == 0 &&
        session_valid(ret))
        return true;
    es_wipe(ret, sizeof(*ret));
    return false;
}
