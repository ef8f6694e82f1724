/* SPDX-License-Identifier: ISC */
/* vault.h - a SQLite VFS under which a whole database is encrypted, page by page.
 *
 * On disk stand one header (vault_header.h) and then pages, each sealed on its own with a fresh
 * nonce (vault_seal.h); what SQLite would write into the log is sealed piece by piece as well
 * (vault_wal.h). The wal-index stays in memory, any other kind of file is refused.
 *
 * A page put back from an older image of the same disk is not noticed here; a page that was
 * altered, moved or taken from another database is. One process uses a vault at a time. */
#ifndef ES_STORE_VAULT_H
#define ES_STORE_VAULT_H

#include "node/store/vault_key.h"

/* Size of SQLite's pages, and what each keeps free at its end for seal and nonce. */
#define ES_VAULT_PAGE_BYTES 4096
#define ES_VAULT_RESERVED_BYTES ES_VAULT_SEAL_BYTES

struct es_vault_options {
    struct es_vault_secret secret;
    const struct es_entropy *entropy; /* outlives the vault; used by the writing connection */
    const char *below;                /* name of the VFS that reaches the disk; NULL: the default */
};

struct es_vault;

/* Makes the file at path, which must not exist, with a header and no page. */
enum es_store_err es_vault_create(const char *path, const struct es_vault_options *options,
                                  struct es_vault **ret);

/* Unlocks the file at path. */
enum es_store_err es_vault_open(const char *path, const struct es_vault_options *options,
                                struct es_vault **ret);

/* Reads only how the file at path is locked. */
enum es_store_err es_vault_probe(const char *path, enum es_vault_lock *ret);

/* The name by which sqlite3_open_v2() finds this vault. Any path may be opened with it that is this
 * vault under another name. */
const char *es_vault_vfs_name(const struct es_vault *vault);

/* Forgets the keys. No connection may be open. */
void es_vault_free(struct es_vault *vault);

/* Makes what the file at path holds unreadable for ever: overwrites its header. */
enum es_store_err es_vault_erase(const char *path);

#endif
