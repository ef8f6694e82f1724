/* SPDX-License-Identifier: ISC */
/* e2ee_bench.c - what an envelope costs beside the bare cipher of the same size: sealing, opening,
 * a turn of the ratchet, a tag, a foreign request. Each is measured in several short turns, of which
 * the fastest counts: what else runs on the machine can only slow one down. Prints one JSON object. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "node/core/e2ee/ratchet.h"
#include "node/crypto/aead.h"
#include "node/wire/record.h"
#include "tests/support/e2ee_pair.h"

#define TURNS 15
#define TURN_S 0.1
#define BATCH 50

static struct party a, b;
static struct parcel parcels[BATCH];
/* One text that fills the smallest envelope. */
static struct es_slice records;

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* What is measured does BATCH of its kind and gives the seconds that they took. */
typedef double (*measured)(void);

static double best_us(measured one_batch)
{
    double best = 1e9;

    for (int turn = 0; turn < TURNS; turn++) {
        double spent = 0;
        int batches = 0;

        for (; spent < TURN_S; batches++)
            spent += one_batch();
        double us = spent * 1e6 / (batches * BATCH);

        best = us < best ? us : best;
    }
    return best;
}

static double cipher(void)
{
    static uint8_t buf[ES_ENVELOPE_BYTES_MIN];
    static const struct es_key key;
    const struct es_slice plain = es_slice(buf, sizeof(buf) - ES_MAC_BYTES);
    static const uint8_t nonce[ES_NONCE_BYTES];
    double start = now_s();

    for (int i = 0; i < BATCH; i++)
        es_aead_seal(&key, nonce, es_slice(NULL, 0), plain, buf);
    return now_s() - start;
}

static double tag_step(void)
{
    static struct es_key seed;
    struct es_tag tag;
    struct es_key header_key;
    double start = now_s();

    for (int i = 0; i < BATCH; i++)
        es_ratchet_tag_step(&seed, &tag, &header_key);
    return now_s() - start;
}

static void seal_one(struct party *from, struct parcel *ret)
{
    es_session_seal(&from->session, &from->entropy, ES_CLASS_512, PAIR_EXPIRY, records, ret->bytes,
                    &ret->at);
    ret->len = ES_ENVELOPE_BYTES_MIN;
}

static void open_one(struct party *to, const struct parcel *parcel)
{
    uint64_t value;

    if (party_receive(to, parcel, &value) != PARTY_OPENED)
        abort();
}

/* Both take part in every batch, so that no chain outgrows its count. */
static void take_turns(void)
{
    struct parcel parcel;

    seal_one(&b, &parcel);
    open_one(&a, &parcel);
    seal_one(&a, &parcel);
    open_one(&b, &parcel);
}

static double seal(void)
{
    take_turns();
    double start = now_s();

    for (int i = 0; i < BATCH; i++)
        seal_one(&a, &parcels[i]);
    double spent = now_s() - start;

    for (int i = 0; i < BATCH; i++)
        open_one(&b, &parcels[i]);
    return spent;
}

/* Look-up, both seals and moving the window. */
static double open_in_order(void)
{
    take_turns();
    for (int i = 0; i < BATCH; i++)
        seal_one(&a, &parcels[i]);
    double start = now_s();

    for (int i = 0; i < BATCH; i++)
        open_one(&b, &parcels[i]);
    return now_s() - start;
}

/* An envelope there and one back, each with a ratchet step on both sides. */
static double ping_pong(void)
{
    double start = now_s();

    for (int i = 0; i < BATCH; i++)
        take_turns();
    return now_s() - start;
}

/* What somebody else's request costs the node that tries it. */
static double foreign_request(void)
{
    static const struct es_key no_psk;
    static struct es_request_opened opened;
    struct es_addressee addressee = party_addressee(&b);
    double start = now_s();

    for (int i = 0; i < BATCH; i++)
        if (es_request_open(&addressee, &no_psk, 1, es_slice(parcels[0].bytes, parcels[0].len),
                            &opened))
            abort();
    return now_s() - start;
}

static void print_rate(const char *what, measured one_batch)
{
    double us = best_us(one_batch);

    printf(", \"%s\": {\"us\": %.2f, \"per_s\": %.0f}", what, us, 1e6 / us);
}

static struct es_slice make_records(size_t len)
{
    static uint8_t buf[ES_ENVELOPE_BYTES_MIN], text[ES_ENVELOPE_BYTES_MIN];
    struct es_writer writer = es_writer(buf, len);
    struct es_record record = {.kind = ES_RECORD_TEXT, .text = {.id = {1, 1}}};

    memset(text, 'x', sizeof(text));
    record.text.text = es_slice(text, len - es_record_bytes(&record));
    es_record_write(&writer, &record);
    return es_written(&writer);
}

int main(void)
{
    party_init(&a, 1);
    party_init(&b, 2);
    pair_connect(&a, &b);
    /* What b seals next begins a chain: its header is of the usual size from here on. */
    records = make_records(es_session_capacity(&b.session, ES_CLASS_512));
    printf("{\"benchmark\": \"e2ee\", \"bytes\": %d", ES_ENVELOPE_BYTES_MIN);
    print_rate("cipher", cipher);
    print_rate("tag", tag_step);
    print_rate("seal", seal);
    print_rate("open", open_in_order);
    print_rate("there_and_back", ping_pong);
    print_rate("foreign_request", foreign_request);
    printf("}\n");
    party_done(&a);
    party_done(&b);
    return 0;
}
