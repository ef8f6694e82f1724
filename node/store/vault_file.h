/* SPDX-License-Identifier: ISC */
/* vault_file.h - inside of the vault: what its SQLite methods share. */
#ifndef ES_STORE_VAULT_FILE_H
#define ES_STORE_VAULT_FILE_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdalign.h>
#include <stddef.h>

#include "node/store/vault.h"
#include "node/store/vault_shm.h"

/* In memory that is locked and guarded: sodium_malloc(). */
struct es_vault_keys {
    struct es_key vault;
    struct es_key log; /* of the log's present generation */
};

/* Generation of the log. One connection begins it; all read by it. */
struct es_vault_log {
    pthread_mutex_t mutex;
    bool known; /* the key is there, and these are its salts */
    uint64_t salts;
};

struct es_vault {
    sqlite3_vfs vfs;
    sqlite3_vfs *below;
    char name[32];
    const struct es_entropy *entropy;
    struct es_vault_id id;
    struct es_vault_keys *keys;
    struct es_vault_log log;
    struct es_vault_shm shm;
};

struct es_vault_file {
    sqlite3_file base; /* first: SQLite knows no more of it */
    struct es_vault *vault;
    struct es_vault_shm_user shm_user;
    uint8_t slot[ES_VAULT_PAGE_BYTES]; /* a slot on its way to or from the disk */
    /* The file below, as long as its VFS says. */
    alignas(sqlite3_int64) unsigned char below[];
};

static inline struct es_vault_file *es_vault_file(sqlite3_file *file)
{
    return (struct es_vault_file *)file;
}

static inline sqlite3_file *es_vault_below(struct es_vault_file *file)
{
    return (sqlite3_file *)file->below;
}

/* Reads or writes bytes of the disk. A disk that is full for any reason is SQLITE_FULL. A read of
 * fewer bytes is SQLITE_IOERR_SHORT_READ. */
int es_vault_disk_read(struct es_vault_file *file, void *buf, size_t len, uint64_t offset);
int es_vault_disk_write(struct es_vault_file *file, const void *bytes, size_t len, uint64_t offset);

/* Methods that both kinds of file have. */
int es_vault_file_close(sqlite3_file *file);
int es_vault_file_sync(sqlite3_file *file, int flags);
int es_vault_file_sector_size(sqlite3_file *file);
int es_vault_file_characteristics(sqlite3_file *file);
int es_vault_file_lock(sqlite3_file *file, int level);
int es_vault_file_unlock(sqlite3_file *file, int level);
int es_vault_file_check_lock(sqlite3_file *file, int *ret);
int es_vault_file_control(sqlite3_file *file, int op, void *arg);

extern const sqlite3_io_methods es_vault_page_methods;
extern const sqlite3_io_methods es_vault_wal_methods;

#endif
