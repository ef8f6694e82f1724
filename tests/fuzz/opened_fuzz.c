/* SPDX-License-Identifier: ISC */
/* opened_fuzz.c - envelopes of a session. First byte 0: the envelope as it is; 1, 2: what stands
 * inside its seals, in the current chain or the next. Whatever it is, the session stays as it was
 * and a failed opening leaves nothing behind. */
#include <assert.h>
#include <string.h>

#include "node/wire/record.h"
#include "tests/support/e2ee_forge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum how {
    AS_IT_IS = 0,
    IN_CURRENT = 1,
    IN_NEXT = 2,
};

/* b knows two chains of a: in `current` a is on the one it had, in `next` it has begun another. */
static struct party current, next, b;

static void make_pair(void)
{
    static bool made;
    struct parcel parcel;
    uint64_t value;

    if (made)
        return;
    party_init(&current, 1);
    party_init(&b, 2);
    pair_connect(&current, &b);
    party_send(&b, 3, &parcel);
    party_restore(&next, &current);
    bool turned = party_receive(&next, &parcel, &value) == PARTY_OPENED;

    assert(turned);
    forge_begin_chain(&next);
    made = true;
}

static void try_envelope(enum es_expected expected, struct es_position at, struct es_slice envelope)
{
    const struct es_session before = b.session;

    memset(b.payload, 0, sizeof(b.payload));
    enum es_open_result result =
        es_session_open(&b.session, expected, at, envelope, PAIR_DAY, &b.opened);

    assert(memcmp(&before, &b.session, sizeof(before)) == 0);
    if (result == ES_OPEN_OK) {
        assert(es_records_valid(b.opened.records));
        return;
    }
    assert(es_bytes_zero(&b.opened.after, sizeof(b.opened.after)));
    assert(es_bytes_zero(b.payload, sizeof(b.payload)));
    assert(b.opened.n_gaps == 0);
}

static void try_plain(const struct party *from, enum es_expected expected, const uint8_t *data,
                      size_t size)
{
    struct forge_plain plain = {{0}, {0}};
    struct parcel parcel;

    memcpy(&plain, data, size < sizeof(plain) ? size : sizeof(plain));
    forge_plain(from, &plain, &parcel);
    try_envelope(expected, parcel.at, es_slice(parcel.bytes, parcel.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    make_pair();
    if (size == 0)
        return 0;
    const struct es_position at = {b.session.receive.number, b.session.receive.next};

    switch ((enum how)data[0]) {
    case AS_IT_IS:
        try_envelope(ES_EXPECT_CURRENT, at, es_slice(data + 1, size - 1));
        try_envelope(ES_EXPECT_NEXT, (struct es_position){at.chain + 1, 0},
                     es_slice(data + 1, size - 1));
        return 0;
    case IN_CURRENT:
        try_plain(&current, ES_EXPECT_CURRENT, data + 1, size - 1);
        return 0;
    case IN_NEXT:
        try_plain(&next, ES_EXPECT_NEXT, data + 1, size - 1);
        return 0;
    }
    return 0;
}
