/* SPDX-License-Identifier: ISC */
/* sqlite.h - the store as one SQLite file inside the vault (node/env/store.h).
 *
 * Beside the file at PATH stand PATH-wal, which is empty when the store was closed, and PATH-lock.
 * One process has a store open at a time. */
#ifndef ES_STORE_SQLITE_H
#define ES_STORE_SQLITE_H

#include "node/env/store.h"
#include "node/store/vault.h"

/* What was erased, or replaced by a newer row, is gone from the disk this long after its commit at
 * the latest, if es_store_sqlite_tick() is called when it asks for it. */
#define ES_STORE_ERASED_MS_MAX 60000

enum es_store_mode {
    ES_STORE_OPEN,
    ES_STORE_CREATE, /* fails with ES_STORE_EXISTS; after a crash there is a whole store or none */
};

enum es_store_at_rest {
    ES_STORE_IN_VAULT,
    ES_STORE_IN_CLEAR, /* what tests and benchmarks compare the vault with */
};

/* Everything is borrowed for the call, but entropy and below, which outlive the store. */
struct es_store_sqlite_options {
    const char *path;
    enum es_store_mode mode;
    enum es_store_at_rest at_rest;
    struct es_vault_secret secret;    /* passphrase or key file              */
    const struct es_entropy *entropy; /* called on the writing thread only   */
    const char *below;                /* SQLite's VFS; NULL: the default one */
};

enum es_store_err es_store_sqlite_open(const struct es_store_sqlite_options *options,
                                       struct es_store **ret);

/* How the store at path is locked, without unlocking it. ES_STORE_ABSENT, ES_STORE_FOREIGN ... */
enum es_store_err es_store_sqlite_probe(const char *path, enum es_vault_lock *ret);

/* To be called on the writing thread after commits and at the time it returned last (UINT64_MAX:
 * none). Copies the log into the database and overwrites it, so that what was erased is gone. */
uint64_t es_store_sqlite_tick(struct es_store *store, uint64_t now_ms);

/* Writes a consistent copy of the store, in a vault of its own, to options->path, which must not
 * exist. May run on any thread while the store is used, but not while it is freed. The other
 * members of options say how the copy is locked. */
enum es_store_err es_store_sqlite_copy(struct es_store *store,
                                       const struct es_store_sqlite_options *options);

/* Erases the keys of the store at path first, then the key file (NULL: none), then everything. A
 * store that is in use is erased all the same. */
enum es_store_err es_store_sqlite_destroy(const char *path, const char *key_file);

#endif
