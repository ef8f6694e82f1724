/* SPDX-License-Identifier: ISC */
/* vault_header_fuzz.c - the first block of a file that calls itself a vault, before any key. */
#include <assert.h>
#include <string.h>

#include "node/crypto/kdf.h"
#include "node/store/vault_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECKED_BYTES (ES_VAULT_BOUND_BYTES + ES_VAULT_WRAPPED_BYTES)

static void decode(struct es_slice bytes)
{
    struct es_vault_header header;
    uint8_t again[ES_VAULT_HEADER_BYTES];

    if (es_vault_header_decode(bytes, &header) != ES_STORE_OK)
        return;
    assert(header.cost.ops <= ES_VAULT_OPS_MAX);
    assert(header.cost.memory_bytes <= ES_VAULT_MEMORY_BYTES_MAX);
    es_vault_header_encode(&header, again);
    assert(memcmp(again, bytes.ptr, CHECKED_BYTES + ES_ID_BYTES) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t mended[CHECKED_BYTES + ES_ID_BYTES] = {0};
    struct es_slice checked = es_slice(mended, CHECKED_BYTES);
    struct es_id sum;

    decode(es_slice(data, size));
    /* Once more with a checksum that fits, which anybody can make. */
    memcpy(mended, data, size < CHECKED_BYTES ? size : CHECKED_BYTES);
    sum = es_hash(&checked, 1);
    memcpy(mended + CHECKED_BYTES, sum.bytes, sizeof(sum.bytes));
    decode(ES_SLICE_OF(mended));
    return 0;
}
