/* SPDX-License-Identifier: ISC */
/* request_fuzz.c - requests: first byte 0: the envelope as it is; else: what stands inside its two
 * seals, so that the fuzzer gets past them. */
#include <assert.h>
#include <string.h>

#include "node/wire/utf8.h"
#include "tests/support/e2ee_forge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct party a, b;

static void make_pair(void)
{
    static bool made;

    if (made)
        return;
    party_init(&a, 1);
    party_init(&b, 2);
    made = true;
}

static void try_request(struct es_slice envelope)
{
    static const struct es_key psks[2] = {{{0}}, {{1}}};
    struct es_addressee addressee = party_addressee(&b);
    struct es_request_opened opened;

    if (!es_request_open(&addressee, psks, 2, envelope, &opened)) {
        assert(es_bytes_zero(&opened, sizeof(opened)));
        return;
    }
    assert(opened.request.name.len <= ES_NAME_BYTES_MAX && es_utf8_valid(opened.request.name));
    assert(opened.request.greeting.len <= ES_GREETING_BYTES_MAX &&
           es_utf8_valid(opened.request.greeting));
    bool accepted = es_accept(&b.identity, &addressee, &opened.from, &opened.one_time, &opened.gs,
                              &opened.th1, &b.entropy, &b.session, &b.link_key);

    assert(accepted || es_bytes_zero(&b.session, sizeof(b.session)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct forge_request request = {.who = {{0}}};
    struct parcel parcel;

    make_pair();
    if (size == 0)
        return 0;
    if (data[0] == 0) {
        try_request(es_slice(data + 1, size - 1));
        return 0;
    }
    request.who = a.identity.address;
    memcpy(request.what, data + 1,
           size - 1 < sizeof(request.what) ? size - 1 : sizeof(request.what));
    struct es_addressee addressee = party_addressee(&b);

    forge_request(&a, &addressee, &request, &parcel);
    try_request(es_slice(parcel.bytes, parcel.len));
    return 0;
}
