/* SPDX-License-Identifier: ISC */
/* utf8.h - is this text? (docs/protocol.md, section 1). Pure.
 *
 * What a terminal may be shown is another question: control characters pass here. */
#ifndef ES_WIRE_UTF8_H
#define ES_WIRE_UTF8_H

#include <stdbool.h>

#include "node/wire/slice.h"

/* Well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF) without
 * U+0000, so that a C string can hold it. The empty text is valid. */
bool es_utf8_valid(struct es_slice text);

#endif
