/* SPDX-License-Identifier: ISC */
/* base32.h - bytes as people copy them: Crockford's base32. Pure.
 *
 * Five bits a character, first bit first, the last character filled up with zero bits; no padding
 * characters. Reading takes either case, and the letters that look like a digit for the digit. */
#ifndef ES_WIRE_BASE32_H
#define ES_WIRE_BASE32_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ES_BASE32_CHARS(bytes) (((bytes)*8 + 4) / 5)

enum es_base32_case {
    ES_BASE32_LOWER,
    ES_BASE32_UPPER, /* for QR codes: keeps them in their alphanumeric mode */
};

/* Writes ES_BASE32_CHARS(len) characters and a zero. */
void es_base32_encode(const void *bytes, size_t len, enum es_base32_case letters, char *ret);

/* Reads exactly len bytes from exactly ES_BASE32_CHARS(len) characters. False, and ret zeroed, at
 * another length, a foreign character, or last bits that are not zero: each value has one form but
 * for case and look-alikes. */
bool es_base32_decode(const char *text, size_t text_len, void *ret, size_t len);

#endif
