/* SPDX-License-Identifier: ISC */
/* session_row_fuzz.c - whatever reads as a session is written byte for byte the same. */
#include <assert.h>
#include <string.h>

#include "node/core/e2ee/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct es_session session;
    uint8_t row[ES_SESSION_ROW_BYTES_MAX];

    if (!es_session_decode(es_slice(data, size), &session)) {
        assert(es_bytes_zero(&session, sizeof(session)));
        return 0;
    }
    size_t len = es_session_encode(&session, row, sizeof(row));

    assert(len == size && memcmp(row, data, size) == 0);
    assert(es_session_room(&session) <= ES_WINDOW_MAX);
    assert(es_session_capacity(&session, ES_CLASS_512) > 0);
    return 0;
}
