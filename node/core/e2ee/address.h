/* SPDX-License-Identifier: ISC */
/* address.h - "earshot:" links: what addresses and invites have in common (docs/protocol.md,
 * section 3.2). Known to address.c and invite.c alone. */
#ifndef ES_E2EE_ADDRESS_H
#define ES_E2EE_ADDRESS_H

#include "node/core/e2ee/identity.h"
#include "node/wire/base32.h"

#define ES_SCHEME_CHARS 8 /* "earshot:" */
/* Three bytes let one mistyped link in 16 million pass; what opens must still be a valid key. */
#define ES_CHECK_BYTES 3

/* The check of len bytes. */
void es_link_check(const uint8_t *bytes, size_t len, uint8_t ret[static ES_CHECK_BYTES]);

/* Scheme, then len bytes (check included) in base32, then a zero. */
void es_link_format(const uint8_t *bytes, size_t len, enum es_base32_case letters, char *ret);

/* Reads a link of exactly len bytes, of which the last are the check. */
enum es_address_error es_link_parse(struct es_slice text, uint8_t *ret, size_t len);

#endif
