/* SPDX-License-Identifier: ISC */
/* pending_row.c - a handshake that waits for its acceptance, as a row of the store. */
#include "node/core/e2ee/handshake.h"

#define ROW_VERSION 1

enum flag {
    FLAG_BY_INTRODUCTION = 1 << 0,
    FLAG_POST_QUANTUM = 1 << 1,
    FLAGS_ALL = (1 << 2) - 1,
};

size_t es_pending_encode(const struct es_pending *pending, uint8_t *buf, size_t cap)
{
    struct es_writer writer = es_writer(buf, cap);

    es_write_u8(&writer, ROW_VERSION);
    es_write_u8(&writer, (uint8_t)((pending->by_introduction ? FLAG_BY_INTRODUCTION : 0) |
                                   (pending->post_quantum ? FLAG_POST_QUANTUM : 0)));
    es_write_u32(&writer, pending->number);
    es_write_u32(&writer, pending->contact);
    es_write_u64(&writer, pending->made_age_ms);
    es_write_u32(&writer, pending->crossing);
    es_write_bytes(&writer, pending->address.bytes, sizeof(pending->address.bytes));
    es_write_bytes(&writer, pending->gs.bytes, sizeof(pending->gs.bytes));
    es_write_bytes(&writer, pending->one_time.bytes, sizeof(pending->one_time.bytes));
    es_write_bytes(&writer, pending->th1.bytes, sizeof(pending->th1.bytes));
    return writer.failed ? 0 : es_writer_len(&writer);
}

bool es_pending_decode(struct es_slice body, struct es_pending *ret)
{
    struct es_reader reader = es_reader(body);
    uint8_t version = es_read_u8(&reader);
    uint8_t flags = es_read_u8(&reader);

    *ret = (struct es_pending){
        .by_introduction = (flags & FLAG_BY_INTRODUCTION) != 0,
        .post_quantum = (flags & FLAG_POST_QUANTUM) != 0,
    };
    ret->number = es_read_u32(&reader);
    ret->contact = es_read_u32(&reader);
    ret->made_age_ms = es_read_u64(&reader);
    ret->crossing = es_read_u32(&reader);
    es_read_bytes(&reader, ret->address.bytes, sizeof(ret->address.bytes));
    es_read_bytes(&reader, ret->gs.bytes, sizeof(ret->gs.bytes));
    es_read_bytes(&reader, ret->one_time.bytes, sizeof(ret->one_time.bytes));
    es_read_bytes(&reader, ret->th1.bytes, sizeof(ret->th1.bytes));
    if (es_reader_done(&reader) && version == ROW_VERSION && (flags & ~FLAGS_ALL) == 0)
        return true;
    es_wipe(ret, sizeof(*ret));
    return false;
}
