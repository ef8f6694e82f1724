/* SPDX-License-Identifier: ISC */
/* utf8.h - is this text, and may all of it be shown? (docs/protocol.md, section 1.2). Pure. */
#ifndef ES_WIRE_UTF8_H
#define ES_WIRE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "node/wire/slice.h"

/* Well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF) without
 * U+0000, so that a C string can hold it. The empty text is valid. */
bool es_utf8_valid(struct es_slice text);

/* Bytes of the character that text begins with, its code point into *ret; 0 when the first byte
 * begins none, or len is 0. U+0000 is a character here. */
size_t es_utf8_next(const char *text, size_t len, uint32_t *ret);

enum es_text_kind {
    /* What somebody said: may join and shape its letters as its script and its emoji need. */
    ES_TEXT_BODY,
    /* Who somebody is: two names that look alike must be alike, so what has no width, and every
     * blank but U+0020, is shown too. */
    ES_TEXT_NAME,
};

/* Is this a character that is shown as an escape? */
bool es_char_hidden(enum es_text_kind kind, uint32_t c);
/* Well-formed, and without any such character. */
bool es_utf8_shown(enum es_text_kind kind, struct es_slice text);

#endif
