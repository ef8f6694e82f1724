/* SPDX-License-Identifier: ISC */
/* people.c - a chat layer without a network. */
#include "tests/support/people.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct people_chunk {
    struct people_chunk *next;
    uint64_t aligned[];
};

static void *chunk(void *ctx, size_t size)
{
    struct people *people = ctx;
    struct people_chunk *fresh = calloc(1, sizeof(*fresh) + size);

    assert(fresh != NULL);
    fresh->next = people->chunks;
    people->chunks = fresh;
    people->arena_bytes += size;
    return fresh->aligned;
}

/* SplitMix64: the same for every run. */
static void draw(void *ctx, void *buf, size_t len)
{
    struct people *people = ctx;
    uint8_t *at = buf;

    for (size_t i = 0; i < len; i++) {
        uint64_t z = people->random += 0x9e3779b97f4a7c15u;

        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        at[i] = (uint8_t)((z ^ (z >> 31)) >> 24);
    }
}

/* Nothing is durable but in the batches themselves. */
static int read_nothing(void *ctx, enum es_row_kind kind, struct es_slice key, uint8_t *buf,
                        size_t cap, size_t *ret_len)
{
    (void)ctx;
    (void)kind;
    (void)key;
    (void)buf;
    (void)cap;
    (void)ret_len;
    return -ENOENT;
}

struct people *people_new(void)
{
    struct people *people = calloc(1, sizeof(*people));
    struct es_mesh_calls calls;

    assert(people != NULL && sodium_init() >= 0);
    people->settings = es_settings_default();
    people->env = (struct es_env){.entropy = {.ctx = people, .random = draw},
                                  .arena = {.ctx = people, .chunk = chunk},
                                  .read = read_nothing};
    people->context = (struct es_context){.now_ms = 1000000,
                                          .wall_ms = 1800000000000,
                                          .entropy = &people->env.entropy,
                                          .arena = &people->env.arena,
                                          .batches = es_batches_new(&people->env.arena),
                                          .counters = &people->counters};
    people->chat = es_chat_new(&people->env, &people->settings, people->context.batches);
    calls = es_chat_mesh_calls(people->chat);
    people->mesh = es_mesh_new(&people->env.arena, &people->settings, &calls, NULL);
    es_chat_attach(people->chat, people->mesh);
    es_self_make(people->chat, &people->context, es_slice(NULL, 0));
    return people;
}

void people_free(struct people *people)
{
    es_chat_done(people->chat);
    es_mesh_done(people->mesh);
    es_batches_done(people->context.batches);
    while (people->chunks != NULL) {
        struct people_chunk *next = people->chunks->next;

        free(people->chunks);
        people->chunks = next;
    }
    free(people);
}

struct es_identity people_identity(uint8_t seed)
{
    struct es_sign_secret secret;
    struct es_identity identity;

    memset(secret.bytes, seed, sizeof(secret.bytes));
    es_identity_init(&identity, &secret);
    return identity;
}

struct es_contact *people_contact(struct people *people, uint8_t seed)
{
    const struct es_identity identity = people_identity(seed);
    struct es_contact *contact = es_contact_make(people->chat, &people->context);
    const char name[] = {'p', (char)('0' + seed / 10), (char)('0' + seed % 10)};

    assert(contact != NULL && es_peer_key_init(&contact->key, &identity.address));
    contact->has_address = true;
    contact->state = ES_CONTACT_ACCEPTED;
    es_name_set(contact->petname, es_slice((const uint8_t *)name, sizeof(name)));
    return contact;
}

struct es_live_session *people_session(struct people *people, struct es_contact *contact,
                                       bool confirmed)
{
    struct es_addressee addressee;
    struct es_session made = {0};
    struct es_key link_key, gs;
    struct es_id th1;
    struct es_dh_secret secret;
    struct es_dh_public one_time;
    bool accepted;

    memcpy(addressee.name, people->chat->self.identity.address.bytes, sizeof(addressee.name));
    draw(people, secret.bytes, sizeof(secret.bytes));
    draw(people, gs.bytes, sizeof(gs.bytes));
    draw(people, th1.bytes, sizeof(th1.bytes));
    one_time = es_dh_public_of(&secret);
    accepted = es_accept(&people->chat->self.identity, &addressee, &contact->key, &one_time, &gs,
                         &th1, &people->env.entropy, &made, &link_key);
    assert(accepted);
    made.confirmed = confirmed;
    return es_sessions_add(people->chat, &people->context, contact, &made, &link_key);
}
