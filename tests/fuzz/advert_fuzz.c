/* SPDX-License-Identifier: ISC */
/* advert_fuzz.c - a TXT record from the segment. Strings come in any order and among unknown ones,
 * so it is what was read that must survive, not its spelling. */
#include <assert.h>
#include <string.h>

#include "discovery/beacon.h"
#include "node/wire/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct es_key presence = {{1}};
    uint8_t once[ES_TXT_BYTES_MAX], twice[ES_TXT_BYTES_MAX];
    struct es_advert advert, back;

    if (!es_advert_decode(es_slice(data, size), &advert))
        return 0;
    size_t len = es_advert_encode(once, sizeof(once), &advert);

    assert(len > 0 && len <= size);
    assert(es_advert_decode(es_slice(once, len), &back));
    assert(es_advert_encode(twice, sizeof(twice), &back) == len);
    assert(memcmp(once, twice, len) == 0);
    assert(memchr(advert.name, '\0', sizeof(advert.name)) != NULL);
    assert(es_utf8_valid(es_slice(advert.name, strlen(advert.name))));
    assert(!es_beacon_matches(&presence, 1, &advert));
    return 0;
}
