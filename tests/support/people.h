/* SPDX-License-Identifier: ISC */
/* people.h - the chat layer of one node, with contacts of whom only the keys are real, on a mesh
 * without links: for what its parts do at the bidding of somebody who is not nice. */
#ifndef ES_TESTS_PEOPLE_H
#define ES_TESTS_PEOPLE_H

#include "node/core/chat/parts.h"

struct people_chunk;

struct people {
    struct es_env env;
    struct es_settings settings;
    struct es_counters counters;
    struct es_context context;
    struct es_chat *chat;
    struct es_mesh *mesh;
    struct people_chunk *chunks;
    size_t arena_bytes;
    uint64_t random;
};

/* A node with an identity; time stands still but for what a test adds to context. */
struct people *people_new(void);
void people_free(struct people *people);

/* The identity of whom number `seed` stands for. */
struct es_identity people_identity(uint8_t seed);
/* A contact that was accepted, called "p" and its seed. */
struct es_contact *people_contact(struct people *people, uint8_t seed);
/* A session with it as its acceptor or initiator makes one, without any envelope. */
struct es_live_session *people_session(struct people *people, struct es_contact *contact,
                                       bool confirmed);

#endif
