/* SPDX-License-Identifier: ISC */
/* vectors.h - reads the files of golden vectors beside it.
 *
 * A file is a sequence of vectors: "[name]", then lines "key = value"; a line that begins with a
 * blank continues the value, "#" begins a comment. What a value is depends on who asks: decimal
 * numbers, or bytes as hex ("aa*32" for a run) and "quoted text". Whatever is missing or malformed
 * fails the test. */
#ifndef ES_TESTS_VECTORS_H
#define ES_TESTS_VECTORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "node/wire/slice.h"

/* Begins a file, by its path from the root of the source. Only one is open at a time; a test that
 * has failed leaves it open, the next call closes it. */
void vectors_open(const char *path);

/* The next vector of the file becomes the current one; false at the end. */
bool vectors_next(void);

/* Of the current vector. Texts and bytes are valid until the next vector. */
const char *vector_name(void);
bool vector_has(const char *key);
struct es_slice vector_bytes(const char *key);
/* Bytes of exactly this length, to ret. */
void vector_array(const char *key, void *ret, size_t len);
uint64_t vector_number(const char *key);
/* How many numbers; at most cap. */
size_t vector_numbers(const char *key, uint64_t *ret, size_t cap);
/* Is the value this word? */
bool vector_is(const char *key, const char *word);

/* Fails, with both in hex, unless these bytes are the value. */
void assert_vector(const char *key, const void *bytes, size_t len);

#endif
