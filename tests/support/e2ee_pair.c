/* SPDX-License-Identifier: ISC */
/* e2ee_pair.c - see e2ee_pair.h. */
#include "tests/support/e2ee_pair.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "node/crypto/kdf.h"
#include "node/wire/record.h"

static void fill(void *ctx, void *buf, size_t len)
{
    struct pair_random *random = ctx;
    uint8_t *at = buf;

    while (len > 0) {
        uint8_t input[16];
        struct es_writer writer = es_writer(input, sizeof(input));

        es_write_u64(&writer, random->seed);
        es_write_u64(&writer, random->counter++);
        struct es_id block = es_hash(&ES_SLICE_OF(input), 1);
        size_t n = len < sizeof(block.bytes) ? len : sizeof(block.bytes);

        memcpy(at, block.bytes, n);
        at += n;
        len -= n;
    }
}

struct es_entropy pair_entropy(struct pair_random *random)
{
    return (struct es_entropy){random, fill};
}

static void *give_chunk(void *ctx, size_t size)
{
    struct pair_arena *arena = ctx;

    if (arena->n_chunks == arena->chunks_max)
        return NULL;
    void *chunk = calloc(1, size);

    assert(chunk != NULL);
    arena->sizes[arena->n_chunks] = size;
    arena->chunks[arena->n_chunks++] = chunk;
    return chunk;
}

struct es_arena pair_arena(struct pair_arena *arena)
{
    return (struct es_arena){arena, give_chunk};
}

void pair_arena_free(struct pair_arena *arena)
{
    for (size_t i = 0; i < arena->n_chunks; i++)
        free(arena->chunks[i]);
    arena->n_chunks = 0;
}

/* What points into the party itself, and its memory. */
static void wire_up(struct party *party)
{
    party->entropy = pair_entropy(&party->random);
    party->memory = (struct pair_arena){.chunks_max = PAIR_CHUNKS_MAX};
    struct es_arena arena = pair_arena(&party->memory);

    party->tags = es_tags_new(&arena);
    assert(party->tags != NULL);
    party->opened.payload = party->payload;
    party->opened.gaps = party->new_gaps;
    party->opened.gaps_cap = sizeof(party->new_gaps) / sizeof(party->new_gaps[0]);
}

void party_init(struct party *party, uint64_t seed)
{
    struct es_sign_secret secret;
    bool valid;

    memset(party, 0, sizeof(*party));
    party->random.seed = seed;
    wire_up(party);
    fill(&party->random, secret.bytes, sizeof(secret.bytes));
    es_identity_init(&party->identity, &secret);
    valid = es_peer_key_init(&party->as_peer, &party->identity.address);
    assert(valid);
}

static void put_gap(struct party *party, const struct es_gap *gap)
{
    const struct es_tag_entry entry = {
        .tag = gap->tag, .kind = ES_TAG_GAP, .owner = party->session.number, .at = gap->at};
    bool put = es_tags_put(party->tags, &entry);

    assert(put);
}

void party_restore(struct party *ret, const struct party *from)
{
    uint8_t row[ES_SESSION_ROW_BYTES_MAX], pending_row[ES_PENDING_ROW_BYTES_MAX];
    size_t len = es_session_encode(&from->session, row, sizeof(row));
    size_t pending_len = es_pending_encode(&from->pending, pending_row, sizeof(pending_row));
    bool good = true;

    *ret = *from;
    wire_up(ret);
    if (ret->has_session)
        good = es_session_decode(es_slice(row, len), &ret->session) &&
               es_tags_add_session(ret->tags, &ret->session);
    if (good && ret->waiting)
        good = es_pending_decode(es_slice(pending_row, pending_len), &ret->pending) &&
               es_tags_add_pending(ret->tags, &ret->pending);
    assert(good);
    for (size_t i = 0; i < ret->n_gaps; i++)
        put_gap(ret, &ret->gaps[i]);
}

void party_done(struct party *party)
{
    pair_arena_free(&party->memory);
    es_identity_done(&party->identity);
}

struct es_addressee party_addressee(const struct party *party)
{
    struct es_addressee addressee = {.secret = party->identity.secret};

    memcpy(addressee.name, party->identity.address.bytes, sizeof(addressee.name));
    return addressee;
}

struct es_target target_of(const struct es_addressee *addressee)
{
    struct es_target target = {.dh = es_dh_public_of(&addressee->secret)};

    memcpy(target.name, addressee->name, sizeof(target.name));
    return target;
}

void party_ask(struct party *party, const struct es_addressee *whom, enum es_request_kind kind,
               const struct es_key *psk, struct parcel *ret)
{
    const struct es_target target = target_of(whom);
    const struct es_request request = {
        .kind = kind, .name = es_slice("Ada", 3), .greeting = es_slice("It is me", 8)};
    bool sealed = es_request_seal(&party->identity, &target, psk, &request, PAIR_EXPIRY,
                                  &party->entropy, ret->bytes, &party->pending);

    assert(sealed);
    ret->len = ES_ENVELOPE_BYTES_MIN;
    party->waiting = true;
    party->pending.number = 7;
    bool added = es_tags_add_pending(party->tags, &party->pending);

    assert(added);
}

static void begin_session(struct party *party)
{
    party->session.number = 11;
    party->has_session = true;
    bool added = es_tags_add_session(party->tags, &party->session);

    assert(added);
}

void party_accept(struct party *party, const struct es_addressee *asked,
                  const struct es_request_opened *opened)
{
    bool accepted =
        es_accept(&party->identity, asked, &opened->from, &opened->one_time, &opened->gs,
                  &opened->th1, &party->entropy, &party->session, &party->link_key);

    assert(accepted);
    party->peer = opened->from;
    begin_session(party);
}

void pair_request(struct party *a, const struct party *b, struct parcel *ret)
{
    static const struct es_key no_psk;
    struct es_addressee addressee = party_addressee(b);

    party_ask(a, &addressee, ES_REQUEST_CONTACT, &no_psk, ret);
}

void pair_accept(struct party *b, const struct parcel *request)
{
    static const struct es_key no_psk;
    struct es_addressee addressee = party_addressee(b);
    struct es_request_opened opened;
    bool good =
        es_request_open(&addressee, &no_psk, 1, es_slice(request->bytes, request->len), &opened);

    assert(good);
    party_accept(b, &addressee, &opened);
}

void pair_introduce(struct party *a, struct party *b)
{
    struct parcel request;

    pair_request(a, b, &request);
    pair_accept(b, &request);
}

void pair_connect(struct party *a, struct party *b)
{
    struct parcel parcel;
    uint64_t value;

    pair_introduce(a, b);
    party_send(b, 1, &parcel);
    bool there = party_receive(a, &parcel, &value) == PARTY_OPENED;

    party_send(a, 2, &parcel);
    bool back = party_receive(b, &parcel, &value) == PARTY_OPENED;

    assert(there && back);
}

void party_send(struct party *party, uint64_t value, struct parcel *ret)
{
    const struct es_record record = {
        .kind = ES_RECORD_TEXT,
        .text = {.id = {.incarnation = 1, .sequence = value}, .text = es_slice("hello", 5)},
    };
    uint8_t records[128];
    struct es_writer writer = es_writer(records, sizeof(records));

    es_record_write(&writer, &record);
    assert(!writer.failed && party->has_session);
    es_session_seal(&party->session, &party->entropy, ES_CLASS_512, PAIR_EXPIRY,
                    es_written(&writer), ret->bytes, &ret->at);
    ret->len = ES_ENVELOPE_BYTES_MIN;
}

static struct es_gap *find_gap(struct party *party, struct es_position at)
{
    size_t i = 0;

    while (i < party->n_gaps &&
           (party->gaps[i].at.chain != at.chain || party->gaps[i].at.n != at.n))
        i++;
    assert(i < party->n_gaps);
    return &party->gaps[i];
}

static enum party_result result_of(enum es_open_result result)
{
    switch (result) {
    case ES_OPEN_OK:
        return PARTY_OPENED;
    case ES_OPEN_BAD:
        return PARTY_BAD;
    case ES_OPEN_TOO_FAR:
        return PARTY_TOO_FAR;
    }
    return PARTY_BAD;
}

static enum party_result open_entry(struct party *party, const struct es_tag_entry *entry,
                                    struct es_slice envelope)
{
    switch (entry->kind) {
    case ES_TAG_CURRENT:
        return result_of(es_session_open(&party->session, ES_EXPECT_CURRENT, entry->at, envelope,
                                         PAIR_DAY, &party->opened));
    case ES_TAG_NEXT:
        return result_of(es_session_open(&party->session, ES_EXPECT_NEXT, entry->at, envelope,
                                         PAIR_DAY, &party->opened));
    case ES_TAG_GAP:
        return result_of(es_session_open_gap(&party->session, find_gap(party, entry->at), envelope,
                                             &party->opened));
    case ES_TAG_PENDING:
        return result_of(es_pending_open(&party->identity, &party->pending, entry->at.n, envelope,
                                         PAIR_DAY, &party->opened, &party->peer, &party->link_key));
    case ES_TAG_REFUSAL:
        break;
    }
    return PARTY_BAD;
}

static const struct es_tag_entry *find_entry(const struct party *party, struct es_slice envelope)
{
    struct es_envelope outer;

    return es_envelope_decode(envelope, &outer) ? es_tags_find(party->tags, &outer.tag) : NULL;
}

enum party_result party_try(struct party *party, struct es_slice envelope)
{
    const struct es_tag_entry *entry = find_entry(party, envelope);

    return entry != NULL ? open_entry(party, entry, envelope) : PARTY_UNKNOWN;
}

static void commit_gaps(struct party *party)
{
    for (size_t i = 0; i < party->opened.n_gaps; i++) {
        assert(party->n_gaps < sizeof(party->gaps) / sizeof(party->gaps[0]));
        put_gap(party, &party->new_gaps[i]);
        party->gaps[party->n_gaps++] = party->new_gaps[i];
    }
}

static void commit(struct party *party, const struct es_tag_entry *entry)
{
    struct es_session before = party->session;
    bool moved = true;

    party->session = party->opened.after;
    if (entry->kind == ES_TAG_PENDING) {
        es_tags_remove_pending(party->tags, &party->pending);
        es_wipe(&party->pending, sizeof(party->pending));
        party->waiting = false;
        begin_session(party);
    } else if (entry->kind == ES_TAG_GAP) {
        struct es_gap *gap = find_gap(party, entry->at);

        es_tags_remove(party->tags, &entry->tag);
        *gap = party->gaps[--party->n_gaps];
    } else {
        moved = es_tags_move_session(party->tags, &before, &party->session);
    }
    assert(moved);
    commit_gaps(party);
}

enum party_result party_receive(struct party *party, const struct parcel *parcel,
                                uint64_t *ret_value)
{
    struct es_slice envelope = es_slice(parcel->bytes, parcel->len);
    const struct es_tag_entry *found = find_entry(party, envelope);
    struct es_record record;

    if (found == NULL)
        return PARTY_UNKNOWN;
    const struct es_tag_entry entry = *found; /* the table changes */
    enum party_result result = open_entry(party, &entry, envelope);

    if (result != PARTY_OPENED)
        return result;
    struct es_reader reader = es_reader(party->opened.records);
    bool read = es_record_next(&reader, &record);

    assert(read && record.kind == ES_RECORD_TEXT);
    *ret_value = record.text.id.sequence;
    commit(party, &entry);
    return PARTY_OPENED;
}

void party_acked(struct party *party)
{
    party->session.acked = party->session.send.next;
}
