/* SPDX-License-Identifier: ISC */
/* identity.h - who a node is: one Ed25519 key, its X25519 form, its address (docs/protocol.md,
 * section 3). */
#ifndef ES_E2EE_IDENTITY_H
#define ES_E2EE_IDENTITY_H

#include "node/crypto/dh.h"
#include "node/crypto/sign.h"
#include "node/wire/slice.h"

struct es_identity {
    struct es_sign_secret seed;
    struct es_sign_public address; /* what people give each other: "earshot:..." */
    struct es_dh_secret secret;
    struct es_dh_public dh;
};

void es_identity_init(struct es_identity *identity, const struct es_sign_secret *seed);
void es_identity_done(struct es_identity *identity);

/* A peer's address key with its X25519 form. False when it is no valid point or does not convert. */
struct es_peer_key {
    struct es_sign_public address;
    struct es_dh_public dh;
};
bool es_peer_key_init(struct es_peer_key *peer, const struct es_sign_public *address);

/* Same X25519 form: equal, or each other's sign-twin (P and -P). */
bool es_address_twin(const struct es_sign_public *a, const struct es_sign_public *b);

/* "earshot:" and 56 characters of Crockford base32: key(32) | check(3). */
#define ES_ADDRESS_CHARS 64
void es_address_format(const struct es_sign_public *address, char ret[static ES_ADDRESS_CHARS + 1]);

enum es_address_error {
    ES_ADDRESS_OK = 0,
    ES_ADDRESS_NOT_ONE,   /* no prefix, wrong length or foreign characters */
    ES_ADDRESS_CHECKSUM,  /* mistyped                                      */
    ES_ADDRESS_BAD_POINT, /* no valid key: nobody can have it              */
};
/* Does it begin with "earshot:", in either case? */
bool es_address_has_scheme(struct es_slice text);
/* Upper or lower case; surrounding blanks are not removed. */
enum es_address_error es_address_parse(struct es_slice text, struct es_sign_public *ret);

/* An invite: address, one-time secret, optionally where to dial ("tcp://host:port/KEY"), as one upper
 * or lower case link. The check bytes cover everything. */
struct es_invite {
    struct es_sign_public address;
    struct es_key secret;
    bool has_endpoint;
    char endpoint[160]; /* "tcp://host:port/KEY" */
};
#define ES_INVITE_CHARS_MAX 400
void es_invite_format(const struct es_invite *invite, char ret[static ES_INVITE_CHARS_MAX + 1]);
enum es_address_error es_invite_parse(struct es_slice text, struct es_invite *ret);

/* 60 digits in 12 groups of 5, separated by blanks; the same for both of two people. */
#define ES_SAFETY_CHARS 71
void es_safety_number(const struct es_sign_public *a, const struct es_sign_public *b,
                      char ret[static ES_SAFETY_CHARS + 1]);
/* Compares what a person typed (digits, blanks ignored) in constant time. */
bool es_safety_equal(const char *number, struct es_slice typed);

#endif
