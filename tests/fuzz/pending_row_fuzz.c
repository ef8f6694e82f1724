/* SPDX-License-Identifier: ISC */
/* pending_row_fuzz.c - whatever reads as a pending handshake is written byte for byte the same. */
#include <assert.h>
#include <string.h>

#include "node/core/e2ee/handshake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct es_pending pending;
    uint8_t row[ES_PENDING_ROW_BYTES_MAX];

    if (!es_pending_decode(es_slice(data, size), &pending)) {
        assert(es_bytes_zero(&pending, sizeof(pending)));
        return 0;
    }
    size_t len = es_pending_encode(&pending, row, sizeof(row));

    assert(len == size && memcmp(row, data, size) == 0);
    return 0;
}
