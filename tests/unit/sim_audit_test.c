/* SPDX-License-Identifier: ISC */
/* The audit's scanner: every encoding at every alignment, nothing in noise, and what chance gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/audit/encodings.h"
#include "sim/audit/tokens.h"
#include "sim/rng.h"

#define PLACES 64
#define NOISE_BYTES (4u << 20)

struct found {
    size_t n;
    struct es_sim_hit first; /* of several at one place the one without a constant */
};

static void note(void *ctx, const struct es_sim_hit *hit)
{
    struct found *found = ctx;

    if (found->n++ == 0 || hit->at < found->first.at ||
        (hit->at == found->first.at && hit->mask < found->first.mask))
        found->first = *hit;
}

static struct found scan(const struct es_sim_tokens *tokens, const uint8_t *bytes, size_t len)
{
    struct found found = {.first = {.token = UINT32_MAX}};

    es_sim_scan_run(tokens->scan, es_slice(bytes, len), note, &found);
    return found;
}

/* A key and a name with both cases, as long as those of a world. */
static struct es_sim_tokens *two_tokens(void)
{
    struct es_sim_tokens *tokens = es_sim_tokens_new();
    struct es_sim_rng rng = es_sim_rng(1, ES_SIM_AUDITS, 1);
    uint8_t key[32];

    es_sim_bytes(&rng, key, sizeof(key));
    assert_int_equal(es_sim_tokens_add(tokens, ES_SIM_TOKEN_SECRET, 0, ES_SLICE_OF(key)), 0);
    assert_int_equal(
        es_sim_tokens_add(tokens, ES_SIM_TOKEN_NAME, 1, es_slice("Ab-9xQz \"\xc3\xa9", 11)), 1);
    return tokens;
}

static void every_encoding_is_found_at_every_place(void **state)
{
    struct es_sim_tokens *tokens = two_tokens();
    uint8_t pattern[ES_SIM_PATTERN_BYTES_MAX], bytes[PLACES + ES_SIM_PATTERN_BYTES_MAX + 8];

    (void)state;
    assert_true(es_sim_encodings() >= 60);
    for (uint32_t token = 0; token < tokens->n; token++)
        for (size_t encoding = 0; encoding < es_sim_encodings(); encoding++)
            for (size_t at = 0; at < PLACES; at++) {
                size_t len = es_sim_encode(
                    encoding, es_slice(tokens->of[token].bytes, tokens->of[token].len), pattern);
                struct found found;

                if (len == 0)
                    continue; /* eleven bytes give no digits of one */
                memset(bytes, 0xa5, sizeof(bytes));
                memcpy(bytes + at, pattern, len);
                found = scan(tokens, bytes, at + len);
                assert_int_equal(found.first.token, token);
                assert_int_equal(found.first.at, at);
                assert_int_equal(found.first.mask, 0);
                assert_true(scan(tokens, bytes, at + len - 1).n < found.n);
            }
    es_sim_tokens_free(tokens);
}

static void a_constant_hides_nothing(void **state)
{
    struct es_sim_tokens *tokens = two_tokens();
    uint8_t bytes[3 + 32];

    (void)state;
    for (unsigned mask = 1; mask < 256; mask++) {
        struct found found;

        memset(bytes, 0, 3);
        for (size_t i = 0; i < 32; i++)
            bytes[3 + i] = tokens->of[0].bytes[i] ^ (uint8_t)mask;
        found = scan(tokens, bytes, sizeof(bytes));
        assert_int_equal(found.n, 1);
        assert_int_equal(found.first.at, 3);
        assert_int_equal(found.first.mask, mask);
    }
    es_sim_tokens_free(tokens);
}

/* Known forms, made by other programs: base64(1), base32(1), xxd(1), tr(1); the second is of two bytes
 * and the token. */
static void encodings_are_those_that_others_write(void **state)
{
    static const char *const forms[] = {"YXR0YWNrYXRkYXduIQ==", "X19hdHRhY2thdGRhd24h",
                                        "MF2HIYLDNNQXIZDBO5XCC===", "61747461636b61746461776e21",
                                        "ATTACKATDAWN!"};
    struct es_sim_tokens *tokens = es_sim_tokens_new();

    (void)state;
    es_sim_tokens_add(tokens, ES_SIM_TOKEN_TEXT, 0, es_slice("attackatdawn!", 13));
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
        assert_int_equal(scan(tokens, (const uint8_t *)forms[i], strlen(forms[i])).n, 1);
    es_sim_tokens_free(tokens);
}

/* As much as a scan of some worlds: what is expected by chance is far below one. */
static void noise_holds_nothing(void **state)
{
    struct es_sim_tokens *tokens = es_sim_tokens_new();
    struct es_sim_rng rng = es_sim_rng(2, ES_SIM_AUDITS, 2);
    uint8_t *noise = malloc(NOISE_BYTES), key[32];

    (void)state;
    assert_non_null(noise);
    for (int i = 0; i < 200; i++) {
        es_sim_bytes(&rng, key, sizeof(key));
        es_sim_tokens_add(tokens, ES_SIM_TOKEN_SECRET, 0, ES_SLICE_OF(key));
    }
    es_sim_bytes(&rng, noise, NOISE_BYTES);
    assert_int_equal(scan(tokens, noise, NOISE_BYTES).n, 0);
    assert_true(es_sim_scan_chance(tokens->scan, NOISE_BYTES) < 1e-6);
    free(noise);
    es_sim_tokens_free(tokens);
}

/* Eight bytes are met as they are with 2^-64; twelve, with any constant, with 2^-88. */
static void chance_is_counted_by_length(void **state)
{
    struct es_sim_scan *scanner = es_sim_scan_new();

    (void)state;
    assert_true(es_sim_scan_add(scanner, 0, 0, es_slice("abcdefgh", 8)));
    assert_true(es_sim_scan_chance(scanner, 1) == 0x1p-64);
    assert_true(es_sim_scan_add(scanner, 0, 0, es_slice("abcdefghijkl", 12)));
    assert_true(es_sim_scan_chance(scanner, 1) == 0x1p-64 + 0x1p-88);
    assert_false(es_sim_scan_add(scanner, 0, 0, es_slice("abcdefgh", 8)));
    assert_false(es_sim_scan_add(scanner, 0, 0, es_slice("abcdefg", 7)));
    assert_false(es_sim_scan_add(scanner, 0, 0, es_slice("aaaaaaaaaaaa", 12)));
    assert_int_equal(es_sim_scan_patterns(scanner), 2);
    es_sim_scan_free(scanner);
}

static void holders_are_who_was_allowed(void **state)
{
    struct es_sim_tokens *tokens = two_tokens();

    (void)state;
    es_sim_tokens_allow(tokens, 1, 7);
    assert_true(es_sim_tokens_allowed(tokens, 1, 1));
    assert_true(es_sim_tokens_allowed(tokens, 1, 7));
    assert_false(es_sim_tokens_allowed(tokens, 0, 7));
    assert_int_equal(es_sim_tokens_add(tokens, ES_SIM_TOKEN_SECRET, 3,
                                       es_slice(tokens->of[0].bytes, tokens->of[0].len)),
                     0);
    assert_int_equal(tokens->n, 2);
    es_sim_tokens_free(tokens);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_encoding_is_found_at_every_place),
        cmocka_unit_test(a_constant_hides_nothing),
        cmocka_unit_test(encodings_are_those_that_others_write),
        cmocka_unit_test(noise_holds_nothing),
        cmocka_unit_test(chance_is_counted_by_length),
        cmocka_unit_test(holders_are_who_was_allowed),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
