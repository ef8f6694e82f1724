/* SPDX-License-Identifier: ISC */
/* vault_key.h - the vault's random key, and the passphrase or key file that it is wrapped under.
 *
 * The key file holds 32 random bytes. It protects nothing against whoever takes the whole disk;
 * it is there so that a database copied alone stays closed, and so that erasing 32 bytes erases
 * everything. */
#ifndef ES_STORE_VAULT_KEY_H
#define ES_STORE_VAULT_KEY_H

#include "node/store/vault_header.h"

/* What unlocks a vault. Borrowed for the call. */
struct es_vault_secret {
    struct es_slice passphrase; /* empty: none             */
    const char *key_file;       /* used without passphrase */
    struct es_vault_cost cost;  /* for making a vault; zeros: libsodium's "moderate"         */
};

/* Wraps key under the secret and fills the whole header: the passphrase if there is one, else the
 * key file, which is made if it is missing. */
enum es_store_err es_vault_key_wrap(const struct es_key *key, const struct es_vault_secret *secret,
                                    const struct es_entropy *entropy, struct es_vault_header *ret);

/* The way back. ES_STORE_LOCKED, ES_STORE_WRONG_PASSPHRASE, ES_STORE_NO_KEY_FILE,
 * ES_STORE_KEY_FILE_MODE, ES_STORE_WRONG_KEY_FILE, ES_STORE_MEMORY. */
enum es_store_err es_vault_key_unwrap(const struct es_vault_header *header,
                                      const struct es_vault_secret *secret, struct es_key *ret);

/* Overwrites the key file, then removes it. A missing one is fine. */
enum es_store_err es_vault_key_file_erase(const char *path);

#endif
