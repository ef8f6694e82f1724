/* SPDX-License-Identifier: ISC */
/* address.c - an address as text (docs/protocol.md, section 3.2). */
#include <assert.h>
#include <string.h>

#include "node/core/e2ee/address.h"
#include "node/core/e2ee/identity.h"
#include "node/crypto/kdf.h"

#define ADDRESS_BYTES (ES_KEY_BYTES + ES_CHECK_BYTES)

_Static_assert(ES_SCHEME_CHARS + ES_BASE32_CHARS(ADDRESS_BYTES) == ES_ADDRESS_CHARS,
               "an address has one length");

void es_link_check(const uint8_t *bytes, size_t len, uint8_t ret[static ES_CHECK_BYTES])
{
    struct es_id digest = es_hash(&(struct es_slice){bytes, len}, 1);

    memcpy(ret, digest.bytes, ES_CHECK_BYTES);
}

void es_link_format(const uint8_t *bytes, size_t len, enum es_base32_case letters, char *ret)
{
    memcpy(ret, letters == ES_BASE32_UPPER ? "EARSHOT:" : "earshot:", ES_SCHEME_CHARS);
    es_base32_encode(bytes, len, letters, ret + ES_SCHEME_CHARS);
}

bool es_address_has_scheme(struct es_slice text)
{
    static const char scheme[] = "earshot:";

    if (text.len < ES_SCHEME_CHARS)
        return false;
    for (size_t i = 0; i < ES_SCHEME_CHARS; i++) {
        uint8_t c = text.ptr[i];

        if (c >= 'A' && c <= 'Z')
            c = (uint8_t)(c - 'A' + 'a');
        if (c != (uint8_t)scheme[i])
            return false;
    }
    return true;
}

enum es_address_error es_link_parse(struct es_slice text, uint8_t *ret, size_t len)
{
    uint8_t check[ES_CHECK_BYTES];

    assert(len > ES_CHECK_BYTES);
    if (!es_address_has_scheme(text) || !es_base32_decode((const char *)text.ptr + ES_SCHEME_CHARS,
                                                          text.len - ES_SCHEME_CHARS, ret, len))
        return ES_ADDRESS_NOT_ONE;
    es_link_check(ret, len - ES_CHECK_BYTES, check);
    if (!es_bytes_equal(check, ret + len - ES_CHECK_BYTES, ES_CHECK_BYTES))
        return ES_ADDRESS_CHECKSUM;
    return ES_ADDRESS_OK;
}

void es_address_format(const struct es_sign_public *address, char ret[static ES_ADDRESS_CHARS + 1])
{
    uint8_t bytes[ADDRESS_BYTES];

    memcpy(bytes, address->bytes, ES_KEY_BYTES);
    es_link_check(bytes, ES_KEY_BYTES, bytes + ES_KEY_BYTES);
    es_link_format(bytes, sizeof(bytes), ES_BASE32_LOWER, ret);
}

enum es_address_error es_address_parse(struct es_slice text, struct es_sign_public *ret)
{
    uint8_t bytes[ADDRESS_BYTES];
    struct es_peer_key peer;
    struct es_sign_public address;
    enum es_address_error error = es_link_parse(text, bytes, sizeof(bytes));

    if (error != ES_ADDRESS_OK)
        return error;
    memcpy(address.bytes, bytes, ES_KEY_BYTES);
    if (!es_peer_key_init(&peer, &address))
        return ES_ADDRESS_BAD_POINT;
    *ret = address;
    return ES_ADDRESS_OK;
}
