/* SPDX-License-Identifier: ISC */
/* encodings.h - the forms in which bytes that leaked could lie somewhere.
 *
 * A pattern is what the first bytes of a token become: half of a leaked key is a leak. Digests are of
 * the whole token, and their first eight bytes are the pattern: whoever finds those finds more too.
 * Each pattern is also found with every byte XORed with one constant: that is scan.c's method. */
#ifndef ES_SIM_ENCODINGS_H
#define ES_SIM_ENCODINGS_H

#include "node/wire/slice.h"

/* Shorter tokens would be found by chance. */
#define ES_SIM_TOKEN_BYTES_MIN 8
/* So much of a token makes its patterns. */
#define ES_SIM_TOKEN_WINDOW 16
/* \u0041 for each byte. */
#define ES_SIM_PATTERN_BYTES_MAX (6 * ES_SIM_TOKEN_WINDOW)

size_t es_sim_encodings(void);
const char *es_sim_encoding_name(size_t encoding);
/* Writes the pattern and gives its length; 0: this token has none in this encoding. */
size_t es_sim_encode(size_t encoding, struct es_slice token,
                     uint8_t ret[static ES_SIM_PATTERN_BYTES_MAX]);

#endif
