/* SPDX-License-Identifier: ISC */
/* encodings.c - one row for each encoding: its name, the function that makes it, and which one of
 * that function's family it is. */
#include "sim/audit/encodings.h"

#include <assert.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>

#define DIGEST_PREFIX 8

static const char hex_lower[] = "0123456789abcdef";
static const char hex_upper[] = "0123456789ABCDEF";
static const char rfc32_lower[] = "abcdefghijklmnopqrstuvwxyz234567";
static const char rfc32_upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
static const char hex32_lower[] = "0123456789abcdefghijklmnopqrstuv";
static const char hex32_upper[] = "0123456789ABCDEFGHIJKLMNOPQRSTUV";
static const char crockford_lower[] = "0123456789abcdefghjkmnpqrstvwxyz";
static const char crockford_upper[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
static const char base64_std[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64_url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

struct encoding {
    const char *name;
    size_t (*encode)(const struct encoding *self, struct es_slice token, uint8_t *ret);
    const char *text; /* alphabet, or what precedes each byte */
    unsigned arg;     /* by function                          */
};

/* --- Bytes in another order ----------------------------------------------------------------------- */

static size_t encode_raw(const struct encoding *self, struct es_slice token, uint8_t *ret)
{
    (void)self;
    memcpy(ret, token.ptr, token.len);
    return token.len;
}

static size_t encode_reversed(const struct encoding *self, struct es_slice token, uint8_t *ret)
{
    (void)self;
    for (size_t i = 0; i < token.len; i++)
        ret[i] = token.ptr[token.len - 1 - i];
    return token.len;
}

/* arg: bytes of a word; a word that is not complete is left away. */
static size_t encode_swapped(const struct encoding *self, struct es_slice token, uint8_t *ret)
{
    size_t len = token.len - token.len % self->arg;

    for (size_t i = 0; i < len; i++)
        ret[i] = token.ptr[i - i % self->arg + self->arg - 1 - i % self->arg];
    return len;
}

/* --- Bases that are powers of two ----------------------------------------------------------------- */

/* arg: bits of a character * 8 + how many bytes stand before the token in its group. Characters that
 * hold bits of neighbours are left away: the rest is the same wherever the token lies. */
#define BASE(bits, before) ((bits)*8 + (before))

static size_t encode_base(const struct encoding *self, struct es_slice token, uint8_t *ret)
{
    unsigned bits = self->arg / 8, before = 8 * (self->arg % 8);
    size_t end = before + 8 * token.len, n = 0;

    for (size_t at = (before + bits - 1) / bits * bits; at + bits <= end; at += bits) {
        unsigned value = 0;

        for (size_t bit = at - before; bit < at - before + bits; bit++)
            value = value << 1 | (token.ptr[bit / 8] >> (7 - bit % 8) & 1u);
        ret[n++] = (uint8_t)self->text[value];
    }
    return n;
}

/* Two digits and a separator; none behind the last. arg: the separator. */
static size_t encode_separated(const struct encoding *self, struct es_slice token, uint8_t *ret)
{
    size_t n = 0;

    for (size_t i = 0; i < token.len; i++) {
        if (i > 0)
            ret[n++] = (uint8_t)self->arg;
        ret[n++] = (uint8_t)self->text[token.ptr[i] >> 4];
        ret[n++] = (uint8_t)self->text[token.ptr[i] & 15];
    }
    return n;
}

/* --- Text ------------------------------------------------------------------------------------------ */

/* arg: 1 when the byte of zeros comes first. */
static size_t encode_utf16(const struct encoding *self, struct es_slice token, uint8_t *ret)
{
    for (size_t i = 0; i < token.len; i++) {
        ret[2 * i + self->arg] = token.ptr[i];
        ret[2 * i + 1 - self->arg] = 0;
    }
    return 2 * token.len;
}

static size_t encode_utf8(const struct encoding *self, struct es_slice token, uint8_t *ret)
{
    size_t n = 0;

    (void)self;
    for (size_t i = 0; i < token.len; i++) {
        if (token.ptr[i] >= 0x80)
            ret[n++] = (uint8_t)(0xc0 | token.ptr[i] >> 6);
        ret[n++] = token.ptr[i] < 0x80 ? token.ptr[i] : (uint8_t)(0x80 | (token.ptr[i] & 0x3f));
    }
    return n;
}

static bool is_between(uint8_t byte, char first, char last)
{
    return byte >= (uint8_t)first && byte <= (uint8_t)last;
}

/* arg: 1 for upper case. */
static size_t encode_case(const struct encoding *self, struct es_slice token, uint8_t *ret)
{
    for (size_t i = 0; i < token.len; i++) {
        bool other = self->arg == 1 ? is_between(token.ptr[i], 'a', 'z')
                                    : is_between(token.ptr[i], 'A', 'Z');

        ret[i] = other ? token.ptr[i] ^ 0x20 : token.ptr[i];
    }
    return token.len;
}

/* What is written as it is: letters and digits, and by context some others. */
static bool is_plain(uint8_t byte, const char *others)
{
    return is_between(byte, 'a', 'z') || is_between(byte, 'A', 'Z') || is_between(byte, '0', '9') ||
           (byte != 0 && strchr(others, byte) != NULL);
}

/* text: what precedes the digits. arg: which digits, and which bytes are escaped. */
enum escape { ALL_LOWER, ALL_UPPER, ALL_OCTAL, SOME_URL, SOME_JSON, SOME_C };

static size_t encode_escaped(const struct encoding *self, struct es_slice token, uint8_t *ret)
{
    static const char *const plain[] = {
        [SOME_URL] = "-._~",
        [SOME_JSON] = " !#$%&'()*+,-./:;<=>?@[]^_`{|}~",
        [SOME_C] = " !#$%&'()*+,-./:;<=>?@[]^_`{|}~",
    };
    const char *digits = self->arg == ALL_UPPER || self->arg == SOME_URL ? hex_upper : hex_lower;
    size_t n = 0;

    for (size_t i = 0; i < token.len; i++) {
        uint8_t byte = token.ptr[i];

        if (self->arg >= SOME_URL && is_plain(byte, plain[self->arg])) {
            ret[n++] = byte;
            continue;
        }
        memcpy(ret + n, self->text, strlen(self->text));
        n += strlen(self->text);
        if (self->arg == ALL_OCTAL)
            ret[n++] = (uint8_t)('0' + (byte >> 6));
        ret[n++] = (uint8_t)(self->arg == ALL_OCTAL ? '0' + (byte >> 3 & 7) : digits[byte >> 4]);
        ret[n++] = (uint8_t)(self->arg == ALL_OCTAL ? '0' + (byte & 7) : digits[byte & 15]);
    }
    return n;
}

/* --- Digests without a salt ------------------------------------------------------------------------ */

enum digest { BLAKE2B_128, BLAKE2B_160, BLAKE2B_256, BLAKE2B_512, SHA_256, SHA_512 };

/* The first bytes of a digest of the whole token. text: digits, or NULL for the bytes themselves. */
static size_t encode_digest(const struct encoding *self, struct es_slice token, uint8_t *ret)
{
    static const size_t blake2b_bytes[] = {
        [BLAKE2B_128] = 16, [BLAKE2B_160] = 20, [BLAKE2B_256] = 32, [BLAKE2B_512] = 64};
    const struct encoding hex = {.text = self->text, .arg = BASE(4, 0)};
    uint8_t digest[64];

    if (self->arg == SHA_256)
        crypto_hash_sha256(digest, token.ptr, token.len);
    else if (self->arg == SHA_512)
        crypto_hash_sha512(digest, token.ptr, token.len);
    else
        crypto_generichash(digest, blake2b_bytes[self->arg], token.ptr, token.len, NULL, 0);
    if (self->text != NULL)
        return encode_base(&hex, es_slice(digest, DIGEST_PREFIX), ret);
    memcpy(ret, digest, DIGEST_PREFIX);
    return DIGEST_PREFIX;
}

/* --- The table -------------------------------------------------------------------------------------- */

/* clang-format off */
#define BASE32(name, alphabet) \
    {name, encode_base, alphabet, BASE(5, 0)}, {name " +1", encode_base, alphabet, BASE(5, 1)}, \
    {name " +2", encode_base, alphabet, BASE(5, 2)}, {name " +3", encode_base, alphabet, BASE(5, 3)}, \
    {name " +4", encode_base, alphabet, BASE(5, 4)}
#define BASE64(name, alphabet) \
    {name, encode_base, alphabet, BASE(6, 0)}, {name " +1", encode_base, alphabet, BASE(6, 1)}, \
    {name " +2", encode_base, alphabet, BASE(6, 2)}
#define DIGEST(name, which) \
    {name, encode_digest, NULL, which}, {name " hex", encode_digest, hex_lower, which}, \
    {name " HEX", encode_digest, hex_upper, which}

static const struct encoding encodings[] = {
    {"raw", encode_raw, NULL, 0},
    {"reversed", encode_reversed, NULL, 0},
    {"swapped by 2", encode_swapped, NULL, 2},
    {"swapped by 4", encode_swapped, NULL, 4},
    {"swapped by 8", encode_swapped, NULL, 8},
    {"hex", encode_base, hex_lower, BASE(4, 0)},
    {"HEX", encode_base, hex_upper, BASE(4, 0)},
    {"hex, colons", encode_separated, hex_lower, ':'},
    {"HEX, colons", encode_separated, hex_upper, ':'},
    {"hex, blanks", encode_separated, hex_lower, ' '},
    {"HEX, blanks", encode_separated, hex_upper, ' '},
    BASE32("base32", rfc32_lower),
    BASE32("BASE32", rfc32_upper),
    BASE32("base32hex", hex32_lower),
    BASE32("BASE32HEX", hex32_upper),
    BASE32("crockford", crockford_lower),
    BASE32("CROCKFORD", crockford_upper),
    BASE64("base64", base64_std),
    BASE64("base64url", base64_url),
    {"UTF-16LE", encode_utf16, NULL, 0},
    {"UTF-16BE", encode_utf16, NULL, 1},
    {"UTF-8 of Latin-1", encode_utf8, NULL, 0},
    {"lower case", encode_case, NULL, 0},
    {"upper case", encode_case, NULL, 1},
    {"percent, all", encode_escaped, "%", ALL_LOWER},
    {"PERCENT, all", encode_escaped, "%", ALL_UPPER},
    {"percent", encode_escaped, "%", SOME_URL},
    {"JSON, all", encode_escaped, "\\u00", ALL_LOWER},
    {"JSON, ALL", encode_escaped, "\\u00", ALL_UPPER},
    {"JSON", encode_escaped, "\\u00", SOME_JSON},
    {"C, all", encode_escaped, "\\x", ALL_LOWER},
    {"C, ALL", encode_escaped, "\\x", ALL_UPPER},
    {"C", encode_escaped, "\\x", SOME_C},
    {"octal", encode_escaped, "\\", ALL_OCTAL},
    DIGEST("BLAKE2b-128", BLAKE2B_128),
    DIGEST("BLAKE2b-160", BLAKE2B_160),
    DIGEST("BLAKE2b-256", BLAKE2B_256),
    DIGEST("BLAKE2b-512", BLAKE2B_512),
    DIGEST("SHA-256", SHA_256),
    DIGEST("SHA-512", SHA_512),
};
/* clang-format on */

size_t es_sim_encodings(void)
{
    return sizeof(encodings) / sizeof(encodings[0]);
}

const char *es_sim_encoding_name(size_t encoding)
{
    return encodings[encoding].name;
}

size_t es_sim_encode(size_t encoding, struct es_slice token,
                     uint8_t ret[static ES_SIM_PATTERN_BYTES_MAX])
{
    const struct encoding *self = &encodings[encoding];
    size_t n;

    assert(token.len >= ES_SIM_TOKEN_BYTES_MIN);
    if (self->encode != encode_digest && token.len > ES_SIM_TOKEN_WINDOW)
        token.len = ES_SIM_TOKEN_WINDOW;
    n = self->encode(self, token, ret);
    return n >= ES_SIM_TOKEN_BYTES_MIN ? n : 0;
}
