/* SPDX-License-Identifier: ISC */
/* cursor.h - reading and writing bytes with one sticky failure flag.
 *
 * All integers are little-endian. After a failure every further read gives zeros and every further
 * write does nothing; the caller tests once, at the end. Slices that a reader gives out borrow from
 * its input. */
#ifndef ES_WIRE_CURSOR_H
#define ES_WIRE_CURSOR_H

#include <stdbool.h>

#include "node/wire/slice.h"

struct es_reader {
    const uint8_t *at;
    const uint8_t *end;
    bool failed;
};

struct es_reader es_reader(struct es_slice bytes);
uint8_t es_read_u8(struct es_reader *reader);
uint16_t es_read_u16(struct es_reader *reader);
uint32_t es_read_u32(struct es_reader *reader);
uint64_t es_read_u64(struct es_reader *reader);
/* The next len bytes, borrowed; an empty slice after a failure. */
struct es_slice es_read_slice(struct es_reader *reader, size_t len);
/* Copies len bytes to ret; zeros after a failure. */
void es_read_bytes(struct es_reader *reader, void *ret, size_t len);
/* u8 or u16 length, then that many bytes; fails when longer than len_max. */
struct es_slice es_read_short(struct es_reader *reader, size_t len_max);
struct es_slice es_read_long(struct es_reader *reader, size_t len_max);
/* Everything that is left. */
struct es_slice es_read_rest(struct es_reader *reader);
size_t es_reader_left(const struct es_reader *reader);
/* True when nothing failed and everything was consumed: the one test at the end of a decode. */
bool es_reader_done(const struct es_reader *reader);

struct es_writer {
    uint8_t *start;
    uint8_t *at;
    uint8_t *end;
    bool failed;
};

struct es_writer es_writer(void *buf, size_t cap);
void es_write_u8(struct es_writer *writer, uint8_t value);
void es_write_u16(struct es_writer *writer, uint16_t value);
void es_write_u32(struct es_writer *writer, uint32_t value);
void es_write_u64(struct es_writer *writer, uint64_t value);
/* Big-endian, for row keys: byte order is row order. */
void es_write_u32_be(struct es_writer *writer, uint32_t value);
void es_write_u64_be(struct es_writer *writer, uint64_t value);
uint32_t es_read_u32_be(struct es_reader *reader);
uint64_t es_read_u64_be(struct es_reader *reader);
void es_write_bytes(struct es_writer *writer, const void *bytes, size_t len);
void es_write_short(struct es_writer *writer, struct es_slice bytes);
void es_write_long(struct es_writer *writer, struct es_slice bytes);
size_t es_writer_len(const struct es_writer *writer);
struct es_slice es_written(const struct es_writer *writer);

#endif
