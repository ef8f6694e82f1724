/* SPDX-License-Identifier: ISC */
/* store_home.h - a folder of its own for the stores of a test, and options to open them there. */
#ifndef ES_TESTS_STORE_HOME_H
#define ES_TESTS_STORE_HOME_H

#include "node/store/sqlite.h"

struct store_home {
    char folder[128];
    char path[160];     /* of the database  */
    char wal_path[160]; /* of its log       */
    char key_file[160];
};

/* The system's randomness. */
extern const struct es_entropy store_entropy;

/* Argon2id as cheap as it can be. */
extern const struct es_vault_cost store_cheap;

/* Makes the folder below TMPDIR; the test fails if that fails. */
void store_home_init(struct store_home *home);

/* Removes the folder with all its files. */
void store_home_done(struct store_home *home);

/* The same for cmocka: *state is the home, DISK_VFS is reset. */
int store_home_set_up(void **state);
int store_home_tear_down(void **state);

/* A vault that the key file opens. Valid as long as home. */
struct es_store_sqlite_options store_home_options(const struct store_home *home,
                                                  enum es_store_mode mode);

/* The same with a passphrase. */
struct es_store_sqlite_options store_home_passphrase(const struct store_home *home,
                                                     enum es_store_mode mode, const char *text);

/* Opens; the test fails if that fails. */
struct es_store *store_must_open(const struct es_store_sqlite_options *options);

/* A file's bytes, to be freed; an absent file has none. */
uint8_t *store_read_file(const char *path, size_t *ret_len);
void store_write_file(const char *path, struct es_slice bytes);

#endif
