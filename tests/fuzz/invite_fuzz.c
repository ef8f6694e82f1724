/* SPDX-License-Identifier: ISC */
/* invite_fuzz.c - whatever reads as an invite can be written, and reads as the same invite again. */
#include <assert.h>
#include <string.h>

#include "node/core/e2ee/identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct es_invite invite, again;
    char text[ES_INVITE_CHARS_MAX + 1];

    if (es_invite_parse(es_slice(data, size), &invite) != ES_ADDRESS_OK)
        return 0;
    es_invite_format(&invite, text);
    assert(strlen(text) == size);
    enum es_address_error error = es_invite_parse(es_slice(text, strlen(text)), &again);

    assert(error == ES_ADDRESS_OK && memcmp(&invite, &again, sizeof(invite)) == 0);
    return 0;
}
