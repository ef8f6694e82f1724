/* SPDX-License-Identifier: ISC */
/* envelope_fuzz.c - an envelope of a stranger, and padding from inside a seal. */
#include <assert.h>
#include <string.h>

#include "node/wire/envelope.h"
#include "tests/support/inside.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_padding(struct es_slice input)
{
    static uint8_t again[1024 * 1024];
    size_t len;

    if (!es_unpad(input, &len))
        return;
    assert(len < input.len);
    memcpy(again, input.ptr, len);
    es_pad(again, len, input.len);
    assert(memcmp(again, input.ptr, input.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct es_slice input = es_slice(data, size);
    uint8_t header[ES_ENVELOPE_HEADER_BYTES];
    struct es_envelope envelope;
    size_t len = es_envelope_bytes_at(input);

    check_padding(input);
    assert(len <= size);
    if (!es_envelope_decode(input, &envelope)) {
        assert(len == 0 || len != size);
        return 0;
    }
    assert(len == size && len == es_class_bytes(envelope.cls));
    assert(is_inside(envelope.sealed, input));
    assert(envelope.sealed.len + sizeof(header) == size);
    es_envelope_header(header, envelope.cls, envelope.expiry, &envelope.tag);
    assert(memcmp(header, data, sizeof(header)) == 0);
    (void)es_envelope_id(input);
    return 0;
}
