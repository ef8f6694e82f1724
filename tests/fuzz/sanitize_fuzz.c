/* SPDX-License-Identifier: ISC */
/* sanitize_fuzz.c - whatever comes in, what goes out is text that steers nothing. */
#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cli/sanitize.h"
#include "node/wire/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* By bytes: C0, DEL; C2 80-9F (C1); E2 80 A8-AE and E2 81 A6-A9 (separators, bidi). */
static void check_bytes(const char *text, size_t len)
{
    const unsigned char *at = (const unsigned char *)text;

    for (size_t i = 0; i < len; i++) {
        assert(at[i] >= 0x20 && at[i] != 0x7f);
        assert(at[i] != 0xc2 || i + 1 == len || at[i + 1] >= 0xa0);
        if (at[i] != 0xe2 || i + 2 >= len)
            continue;
        assert(at[i + 1] != 0x80 || at[i + 2] < 0xa8 || at[i + 2] > 0xae);
        assert(at[i + 1] != 0x81 || at[i + 2] < 0xa6 || at[i + 2] > 0xa9);
    }
}

static void check_terminal(enum es_text_kind kind, const uint8_t *data, size_t size, char *out)
{
    size_t len = es_sanitize(kind, (const char *)data, size, out);

    assert(len <= size * ES_SANITIZE_GROWTH && out[len] == '\0' && strlen(out) == len);
    assert(es_utf8_valid(es_slice(out, len)));
    check_bytes(out, len);
    for (size_t at = 0; at < len;) {
        uint32_t c = 0;
        size_t n = es_utf8_next(out + at, len - at, &c);

        assert(n > 0 && !es_char_hidden(kind, c));
        at += n;
    }
}

/* What is a JSON text before is the same one after. */
static void check_json(const uint8_t *data, size_t size)
{
    json_t *string = json_stringn((const char *)data, size);

    if (string == NULL)
        return;
    char *raw = json_dumps(string, JSON_COMPACT | JSON_ENCODE_ANY);

    assert(raw != NULL);
    char *clean = malloc(strlen(raw) * ES_SANITIZE_GROWTH + 1);

    assert(clean != NULL);
    check_bytes(clean, es_sanitize_json(raw, strlen(raw), clean));
    json_t *again = json_loads(clean, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);

    assert(json_equal(string, again));
    json_decref(again);
    json_decref(string);
    free(clean);
    free(raw);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *out = malloc(size * ES_SANITIZE_GROWTH + 1);

    assert(out != NULL);
    check_terminal(ES_TEXT_BODY, data, size, out);
    check_terminal(ES_TEXT_NAME, data, size, out);
    check_json(data, size);
    free(out);
    return 0;
}
