/* SPDX-License-Identifier: ISC */
/* address_fuzz.c - whatever reads as an address is written the same way but for case and look-alike
 * letters, and reads as the same address again. */
#include <assert.h>
#include <string.h>

#include "node/core/e2ee/identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct es_sign_public address, again;
    char text[ES_ADDRESS_CHARS + 1];

    if (es_address_parse(es_slice(data, size), &address) != ES_ADDRESS_OK)
        return 0;
    assert(size == ES_ADDRESS_CHARS);
    es_address_format(&address, text);
    enum es_address_error error = es_address_parse(es_slice(text, strlen(text)), &again);

    assert(error == ES_ADDRESS_OK && memcmp(&address, &again, sizeof(address)) == 0);
    return 0;
}
