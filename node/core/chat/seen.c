/* SPDX-License-Identifier: ISC */
/* seen.c - requests that came before: who repeats one is not asked about again.
 *
 * Of people who are contacts each one is a row of its own, for ever: a repeated request would be
 * accepted at once. Of strangers the last ones are kept in a ring. */
#include <string.h>

#include "node/core/chat/parts.h"
#include "node/crypto/kdf.h"

static struct es_id digest_of(const struct es_request_opened *opened)
{
    const struct es_slice parts[] = {ES_SLICE_OF(opened->from.address.bytes),
                                     ES_SLICE_OF(opened->e.bytes)};

    return es_hash(parts, 2);
}

/* --- Strangers -------------------------------------------------------------------------------- */

static size_t ring_count(const struct es_chat *chat)
{
    if (chat->seen == NULL)
        return 0;
    return chat->next_seen < ES_SEEN_REQUESTS_MAX ? (size_t)chat->next_seen : ES_SEEN_REQUESTS_MAX;
}

static bool in_ring(const struct es_chat *chat, const struct es_id *digest)
{
    for (size_t i = 0; i < ring_count(chat); i++)
        if (memcmp(chat->seen[i].bytes, digest->bytes, sizeof(digest->bytes)) == 0)
            return true;
    return false;
}

/* The oldest gives way. */
static bool put_in_ring(struct es_chat *chat, uint64_t serial, const struct es_id *digest)
{
    const struct es_arena *arena = &chat->env->arena;

    if (chat->seen == NULL)
        chat->seen = arena->chunk(arena->ctx, ES_SEEN_REQUESTS_MAX * sizeof(chat->seen[0]));
    if (chat->seen == NULL)
        return false;
    chat->seen[serial % ES_SEEN_REQUESTS_MAX] = *digest;
    if (serial >= chat->next_seen)
        chat->next_seen = serial + 1;
    return true;
}

void es_seen_stranger(struct es_chat *chat, struct es_context *context,
                      const struct es_request_opened *opened)
{
    uint64_t serial = chat->next_seen;
    struct es_row_key key = es_key_number((uint32_t)(serial % ES_SEEN_REQUESTS_MAX));
    struct es_id digest = digest_of(opened);
    uint8_t body[64];

    if (put_in_ring(chat, serial, &digest))
        es_emit_row(context, ES_ROW_SEEN, es_row_key_slice(&key),
                    es_slice(body, es_body_seen(serial, &digest, body, sizeof(body))));
}

/* --- Contacts --------------------------------------------------------------------------------- */

void es_seen_contact(struct es_context *context, const struct es_id *digest)
{
    struct es_row_key key = es_key_digest(digest);

    es_emit_row(context, ES_ROW_SEEN, es_row_key_slice(&key), es_slice(NULL, 0));
}

bool es_seen_before(struct es_chat *chat, const struct es_request_opened *opened,
                    struct es_id *ret_digest)
{
    struct es_row_key key;
    struct es_slice body;

    *ret_digest = digest_of(opened);
    key = es_key_digest(ret_digest);
    return in_ring(chat, ret_digest) || es_chat_read(chat, ES_ROW_SEEN, &key, &body);
}

bool es_seen_restore(struct es_chat *chat, const struct es_row *row)
{
    struct es_id digest;
    uint64_t serial;
    uint32_t place;

    if (row->key.len == sizeof(digest.bytes))
        return row->body.len == 0; /* a contact's: looked up when it is needed */
    return es_key_decode_number(row->key, &place) &&
           es_body_decode_seen(row->body, &serial, &digest) &&
           place == serial % ES_SEEN_REQUESTS_MAX && serial < UINT64_MAX &&
           put_in_ring(chat, serial, &digest);
}
