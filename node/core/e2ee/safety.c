/* SPDX-License-Identifier: ISC */
/* safety.c - the number that two people compare (docs/protocol.md, section 3.4). */
#include <assert.h>
#include <string.h>

#include "node/core/e2ee/identity.h"
#include "node/crypto/kdf.h"

#define GROUPS 12
#define GROUP_DIGITS 5
#define GROUP_BYTES 5
#define DIGITS (GROUPS * GROUP_DIGITS)
#define BLOCKS 2

_Static_assert(GROUPS *(GROUP_DIGITS + 1) - 1 == ES_SAFETY_CHARS, "blanks stand between groups");
_Static_assert(GROUPS *GROUP_BYTES <= BLOCKS * ES_KEY_BYTES, "the blocks hold all groups");

static bool comes_first(const struct es_sign_public *a, const struct es_sign_public *b)
{
    for (size_t i = 0; i < sizeof(a->bytes); i++)
        if (a->bytes[i] != b->bytes[i])
            return a->bytes[i] < b->bytes[i];
    return true;
}

/* 40 bits give five digits with a bias that no one can see. */
static void write_group(const uint8_t *bytes, char *ret)
{
    uint64_t value = 0;

    for (size_t i = 0; i < GROUP_BYTES; i++)
        value = value << 8 | bytes[i];
    for (size_t i = GROUP_DIGITS; i-- > 0; value /= 10)
        ret[i] = (char)('0' + value % 10);
}

void es_safety_number(const struct es_sign_public *a, const struct es_sign_public *b,
                      char ret[static ES_SAFETY_CHARS + 1])
{
    static const struct es_key no_key;
    const struct es_sign_public *first = comes_first(a, b) ? a : b;
    const struct es_sign_public *second = first == a ? b : a;
    const struct es_slice parts[] = {ES_SLICE_OF(first->bytes), ES_SLICE_OF(second->bytes)};
    struct es_key blocks[BLOCKS];
    uint8_t bytes[BLOCKS * ES_KEY_BYTES];

    es_kdf(&no_key, "safety", parts, 2, 0, BLOCKS, blocks);
    for (size_t i = 0; i < BLOCKS; i++)
        memcpy(bytes + i * ES_KEY_BYTES, blocks[i].bytes, ES_KEY_BYTES);
    memset(ret, ' ', ES_SAFETY_CHARS);
    for (size_t i = 0; i < GROUPS; i++)
        write_group(bytes + i * GROUP_BYTES, ret + i * (GROUP_DIGITS + 1));
    ret[ES_SAFETY_CHARS] = '\0';
}

/* The digits alone; false when there are not 60 of them or something else stands between. */
static bool digits_of(struct es_slice text, char ret[static DIGITS])
{
    size_t count = 0;

    for (size_t i = 0; i < text.len; i++) {
        char c = (char)text.ptr[i];

        if (c == ' ')
            continue;
        if (c < '0' || c > '9' || count == DIGITS)
            return false;
        ret[count++] = c;
    }
    return count == DIGITS;
}

bool es_safety_equal(const char *number, struct es_slice typed)
{
    char digits[DIGITS], digits_typed[DIGITS];
    bool is_number = digits_of(es_slice(number, strlen(number)), digits);

    assert(is_number);
    return digits_of(typed, digits_typed) && es_bytes_equal(digits, digits_typed, DIGITS);
}
