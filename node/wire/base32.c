/* SPDX-License-Identifier: ISC */
/* base32.c - Crockford's base32. */
#include "node/wire/base32.h"

#include <string.h>

/* No I, L, O (taken for 1 and 0) and no U. */
static const char lower[] = "0123456789abcdefghjkmnpqrstvwxyz";
static const char upper[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void es_base32_encode(const void *bytes, size_t len, enum es_base32_case letters, char *ret)
{
    const char *alphabet = letters == ES_BASE32_UPPER ? upper : lower;
    const uint8_t *at = bytes;
    unsigned pending = 0, n_bits = 0;

    for (size_t i = 0; i < len; i++) {
        pending = pending << 8 | at[i];
        for (n_bits += 8; n_bits >= 5; n_bits -= 5)
            *ret++ = alphabet[pending >> (n_bits - 5) & 31];
    }
    if (n_bits > 0)
        *ret++ = alphabet[pending << (5 - n_bits) & 31];
    *ret = '\0';
}

/* 0 to 31, or -1. */
static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        c = (char)(c - 'A' + 'a');
    if (c == 'i' || c == 'l')
        c = '1';
    if (c == 'o')
        c = '0';
    const char *found = c != '\0' ? strchr(lower, c) : NULL;
    return found ? (int)(found - lower) : -1;
}

bool es_base32_decode(const char *text, size_t text_len, void *ret, size_t len)
{
    uint8_t *out = ret;
    size_t n_out = 0;
    unsigned pending = 0, n_bits = 0;
    bool good = text_len == ES_BASE32_CHARS(len);

    memset(ret, 0, len);
    for (size_t i = 0; good && i < text_len; i++) {
        int value = value_of(text[i]);
        good = value >= 0;
        pending = (pending << 5 | (unsigned)value) & 0xfff;
        n_bits += 5;
        if (good && n_bits >= 8) {
            n_bits -= 8;
            out[n_out++] = (uint8_t)(pending >> n_bits);
        }
    }
    good = good && (pending & ((1u << n_bits) - 1)) == 0;
    if (!good)
        memset(ret, 0, len);
    return good;
}
