/* SPDX-License-Identifier: ISC */
/* cursor.c - every access to foreign bytes goes through take(), every write through give(). */
#include "node/wire/cursor.h"

#include <string.h>

/* Where a reader without bytes points, so that no slice it gives out holds a null pointer. */
static const uint8_t nothing[1];

struct es_reader es_reader(struct es_slice bytes)
{
    const uint8_t *at = bytes.ptr != NULL ? bytes.ptr : nothing;

    return (struct es_reader){.at = at, .end = at + bytes.len};
}

/* The next len bytes; NULL, with the rest forgotten, when there are fewer. */
static const uint8_t *take(struct es_reader *reader, size_t len)
{
    const uint8_t *bytes = reader->at;

    if (reader->failed || len > es_reader_left(reader)) {
        reader->failed = true;
        reader->at = reader->end;
        return NULL;
    }
    reader->at += len;
    return bytes;
}

static uint64_t read_le(struct es_reader *reader, size_t len)
{
    const uint8_t *bytes = take(reader, len);
    uint64_t value = 0;

    for (size_t i = 0; bytes != NULL && i < len; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

static uint64_t read_be(struct es_reader *reader, size_t len)
{
    const uint8_t *bytes = take(reader, len);
    uint64_t value = 0;

    for (size_t i = 0; bytes != NULL && i < len; i++)
        value = value << 8 | bytes[i];
    return value;
}

uint8_t es_read_u8(struct es_reader *reader)
{
    return (uint8_t)read_le(reader, 1);
}

uint16_t es_read_u16(struct es_reader *reader)
{
    return (uint16_t)read_le(reader, 2);
}

uint32_t es_read_u32(struct es_reader *reader)
{
    return (uint32_t)read_le(reader, 4);
}

uint64_t es_read_u64(struct es_reader *reader)
{
    return read_le(reader, 8);
}

uint32_t es_read_u32_be(struct es_reader *reader)
{
    return (uint32_t)read_be(reader, 4);
}

uint64_t es_read_u64_be(struct es_reader *reader)
{
    return read_be(reader, 8);
}

struct es_slice es_read_slice(struct es_reader *reader, size_t len)
{
    const uint8_t *bytes = take(reader, len);

    return bytes != NULL ? es_slice(bytes, len) : es_slice(nothing, 0);
}

void es_read_bytes(struct es_reader *reader, void *ret, size_t len)
{
    const uint8_t *bytes = take(reader, len);

    if (bytes != NULL)
        memcpy(ret, bytes, len);
    else
        memset(ret, 0, len);
}

static struct es_slice read_limited(struct es_reader *reader, size_t len, size_t len_max)
{
    /* More than there can be: fails like any other length that does not fit. */
    return es_read_slice(reader, len <= len_max ? len : SIZE_MAX);
}

struct es_slice es_read_short(struct es_reader *reader, size_t len_max)
{
    return read_limited(reader, es_read_u8(reader), len_max);
}

struct es_slice es_read_long(struct es_reader *reader, size_t len_max)
{
    return read_limited(reader, es_read_u16(reader), len_max);
}

struct es_slice es_read_rest(struct es_reader *reader)
{
    return es_read_slice(reader, es_reader_left(reader));
}

size_t es_reader_left(const struct es_reader *reader)
{
    return (size_t)(reader->end - reader->at);
}

bool es_reader_done(const struct es_reader *reader)
{
    return !reader->failed && reader->at == reader->end;
}

struct es_writer es_writer(void *buf, size_t cap)
{
    uint8_t *start = buf;

    return (struct es_writer){.start = start, .at = start, .end = start + cap};
}

/* Room for the next len bytes; NULL when there is less. */
static uint8_t *give(struct es_writer *writer, size_t len)
{
    uint8_t *room = writer->at;

    if (writer->failed || len > (size_t)(writer->end - writer->at)) {
        writer->failed = true;
        return NULL;
    }
    writer->at += len;
    return room;
}

static void write_le(struct es_writer *writer, uint64_t value, size_t len)
{
    uint8_t *room = give(writer, len);

    for (size_t i = 0; room != NULL && i < len; i++)
        room[i] = (uint8_t)(value >> (8 * i));
}

static void write_be(struct es_writer *writer, uint64_t value, size_t len)
{
    uint8_t *room = give(writer, len);

    for (size_t i = 0; room != NULL && i < len; i++)
        room[i] = (uint8_t)(value >> (8 * (len - 1 - i)));
}

void es_write_u8(struct es_writer *writer, uint8_t value)
{
    write_le(writer, value, 1);
}

void es_write_u16(struct es_writer *writer, uint16_t value)
{
    write_le(writer, value, 2);
}

void es_write_u32(struct es_writer *writer, uint32_t value)
{
    write_le(writer, value, 4);
}

void es_write_u64(struct es_writer *writer, uint64_t value)
{
    write_le(writer, value, 8);
}

void es_write_u32_be(struct es_writer *writer, uint32_t value)
{
    write_be(writer, value, 4);
}

void es_write_u64_be(struct es_writer *writer, uint64_t value)
{
    write_be(writer, value, 8);
}

void es_write_bytes(struct es_writer *writer, const void *bytes, size_t len)
{
    uint8_t *room = give(writer, len);

    if (room != NULL && len > 0)
        memcpy(room, bytes, len);
}

void es_write_short(struct es_writer *writer, struct es_slice bytes)
{
    if (bytes.len > UINT8_MAX)
        writer->failed = true;
    es_write_u8(writer, (uint8_t)bytes.len);
    es_write_bytes(writer, bytes.ptr, bytes.len);
}

void es_write_long(struct es_writer *writer, struct es_slice bytes)
{
    if (bytes.len > UINT16_MAX)
        writer->failed = true;
    es_write_u16(writer, (uint16_t)bytes.len);
    es_write_bytes(writer, bytes.ptr, bytes.len);
}

size_t es_writer_len(const struct es_writer *writer)
{
    return (size_t)(writer->at - writer->start);
}

struct es_slice es_written(const struct es_writer *writer)
{
    return es_slice(writer->start, es_writer_len(writer));
}
