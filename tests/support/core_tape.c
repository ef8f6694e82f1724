/* SPDX-License-Identifier: ISC */
/* core_tape.c - what people sent to each other, looked through afterwards or sent again by strangers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/crypto/kdf.h"
#include "tests/support/core_pair.h"

#define STRANGER_LINK 0x90000000u

/* --- The tape --------------------------------------------------------------------------------- */

void pair_tape(struct pair *pair, uint32_t from, uint32_t to, bool link, struct es_slice envelope)
{
    struct pair_taped *taped;

    if (pair->n_taped == pair->cap_taped) {
        pair->cap_taped = pair->cap_taped == 0 ? 1024 : 2 * pair->cap_taped;
        pair->tape = es_sim_resize(pair->tape, pair->cap_taped * sizeof(pair->tape[0]));
    }
    taped = &pair->tape[pair->n_taped++];
    *taped = (struct pair_taped){.from = from,
                                 .to = to,
                                 .link = link,
                                 .id = es_envelope_id(envelope),
                                 .bytes = es_sim_resize(NULL, envelope.len),
                                 .len = envelope.len};
    memcpy(taped->bytes, envelope.ptr, envelope.len);
}

void pair_tape_free(struct pair *pair)
{
    for (size_t i = 0; i < pair->n_taped; i++)
        free(pair->tape[i].bytes);
    free(pair->tape);
}

/* Sorted by the part, then the id: envelopes that share the part stand next to each other. */
struct sealed {
    uint8_t part[ES_NONCE_BYTES];
    struct es_id id;
};

static int compare_sealed(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct sealed));
}

/* Pairs of envelopes that differ and have the same `len` bytes at `at`. */
static size_t count_same(const struct pair *pair, size_t at, size_t len)
{
    struct sealed *sealed = es_sim_resize(NULL, (pair->n_taped + 1) * sizeof(*sealed));
    size_t n = 0;

    memset(sealed, 0, (pair->n_taped + 1) * sizeof(*sealed));
    for (size_t i = 0; i < pair->n_taped; i++) {
        memcpy(sealed[i].part, pair->tape[i].bytes + at, len);
        sealed[i].id = pair->tape[i].id;
    }
    qsort(sealed, pair->n_taped, sizeof(*sealed), compare_sealed);
    for (size_t i = 1; i < pair->n_taped; i++)
        n += memcmp(sealed[i - 1].part, sealed[i].part, len) == 0 &&
             memcmp(&sealed[i - 1].id, &sealed[i].id, sizeof(struct es_id)) != 0;
    free(sealed);
    return n;
}

bool pair_nonces_fresh(const struct pair *pair)
{
    return count_same(pair, ES_ENVELOPE_HEADER_BYTES, ES_NONCE_BYTES) == 0;
}

size_t pair_keys_reused(const struct pair *pair)
{
    return count_same(pair, ES_ENVELOPE_TAG_AT, ES_TAG_BYTES);
}

struct search {
    struct es_id id;
    bool found;
};

static int compare_asking(void *ctx, const struct es_row *row)
{
    struct search *search = ctx;
    struct es_asking asking;
    struct es_id id;

    if (!es_body_decode_asking(row->body, &asking))
        return -1;
    id = es_envelope_id(ES_SLICE_OF(asking.envelope));
    search->found |= memcmp(&id, &search->id, sizeof(id)) == 0;
    return 0;
}

bool pair_is_request(const struct pair *pair, uint32_t node, struct es_slice envelope)
{
    struct es_store_reader *reader = pair->nodes[node].reader;
    struct search search = {.id = es_envelope_id(envelope)};

    reader->ops->each(reader, ES_ROW_REQUEST_OUT, compare_asking, &search);
    return search.found;
}

/* --- Strangers -------------------------------------------------------------------------------- */

static void hand_over(struct pair *pair, uint32_t node, uint32_t link, struct es_slice bytes)
{
    const struct es_report report = {.kind = ES_REPORT_FRAME,
                                     .frame = {.link = link, .bytes = bytes}};

    es_sim_node_report(pair->world, &pair->nodes[node], &report);
}

/* There is one as soon as the node has run for a second. */
static const struct es_sim_listener *open_listener(const struct pair *pair, uint32_t node)
{
    const struct es_sim_listener *listener = pair->nodes[node].listeners;

    while (!listener->open)
        listener++;
    return listener;
}

uint32_t pair_stranger(struct pair *pair, uint32_t node, struct es_slice proof)
{
    static const uint8_t nothing[ES_ENVELOPE_BYTES_MIN] = {ES_PROTOCOL_VERSION};
    const struct es_sim_listener *listener = open_listener(pair, node);
    uint32_t number = STRANGER_LINK + pair->n_strangers++;
    struct es_report up = {.kind = ES_REPORT_LINK_UP, .up = {.link = number}};
    struct es_hello hello = {.version_min = 1, .version_max = 1};
    uint8_t frame[1024];

    if (proof.len == 0)
        proof = ES_SLICE_OF(nothing);
    snprintf(up.up.host, sizeof(up.up.host), "10.9.%u.%u", number >> 8 & 0xff, number & 0xff);
    up.up.listener = listener->number;
    up.up.server_key = listener->key;
    memset(up.up.client_key.bytes, (int)(number & 0xff), sizeof(up.up.client_key.bytes));
    es_sim_node_report(pair->world, &pair->nodes[node], &up);
    hand_over(pair, node, number, es_slice(frame, es_frame_hello(frame, sizeof(frame), &hello)));
    hand_over(pair, node, number, es_slice(frame, es_frame_link(frame, sizeof(frame), proof)));
    return number;
}

void pair_stranger_sends(struct pair *pair, uint32_t node, uint32_t link, struct es_slice envelope)
{
    uint8_t frame[ES_FRAME_BYTES_MAX];
    size_t len = es_frame_envelopes_begin(frame, sizeof(frame));

    es_frame_envelopes_add(frame, sizeof(frame), &len, 0, envelope);
    hand_over(pair, node, link, es_slice(frame, len));
}

void pair_stranger_leaves(struct pair *pair, uint32_t node, uint32_t link)
{
    const struct es_report down = {.kind = ES_REPORT_LINK_DOWN,
                                   .down = {.link = link, .end = ES_LINK_CLOSED}};

    es_sim_node_report(pair->world, &pair->nodes[node], &down);
}

void pair_inject(struct pair *pair, uint32_t node, struct es_slice envelope)
{
    uint32_t link = pair_stranger(pair, node, es_slice(NULL, 0));

    pair_stranger_sends(pair, node, link, envelope);
    pair_stranger_leaves(pair, node, link);
}

void pair_replay(struct pair *pair, uint32_t node, const struct pair_taped *taped)
{
    struct es_slice envelope = es_slice(taped->bytes, taped->len);

    if (taped->link)
        pair_stranger_leaves(pair, node, pair_stranger(pair, node, envelope));
    else
        pair_inject(pair, node, envelope);
}
