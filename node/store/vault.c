/* SPDX-License-Identifier: ISC */
/* vault.c - making and unlocking a vault, and the VFS that stands for it. */
#include "node/store/vault.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node/store/file.h"
#include "node/store/vault_file.h"

static struct es_vault *vault_of(sqlite3_vfs *vfs)
{
    return (struct es_vault *)vfs->pAppData;
}

/* Files that could hold content in clear are refused: SQLite is told to keep them in memory. */
static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags,
                    int *ret_flags)
{
    struct es_vault *vault = vault_of(vfs);
    struct es_vault_file *file = es_vault_file(base);
    sqlite3_file *below = es_vault_below(file);
    int rc;

    base->pMethods = NULL;
    if ((flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) == 0)
        return SQLITE_CANTOPEN;
    memset(file, 0, (size_t)vfs->szOsFile);
    file->vault = vault;
    rc = vault->below->xOpen(vault->below, name, below, flags, ret_flags);
    if (rc == SQLITE_OK)
        base->pMethods =
            (flags & SQLITE_OPEN_WAL) != 0 ? &es_vault_wal_methods : &es_vault_page_methods;
    else if (below->pMethods != NULL)
        below->pMethods->xClose(below);
    return rc;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
    sqlite3_vfs *below = vault_of(vfs)->below;

    return below->xDelete(below, name, sync_folder);
}

/* A rollback journal beside the database is none of ours: a vault never has one. */
static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *ret)
{
    static const char journal[] = "-journal";
    sqlite3_vfs *below = vault_of(vfs)->below;
    size_t len = strlen(name);

    *ret = 0;
    if (len >= strlen(journal) && strcmp(name + len - strlen(journal), journal) == 0)
        return SQLITE_OK;
    return below->xAccess(below, name, flags, ret);
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *name, int len_max, char *ret)
{
    sqlite3_vfs *below = vault_of(vfs)->below;

    return below->xFullPathname(below, name, len_max, ret);
}

static int vfs_randomness(sqlite3_vfs *vfs, int len, char *ret)
{
    sqlite3_vfs *below = vault_of(vfs)->below;

    return below->xRandomness(below, len, ret);
}

static int vfs_sleep(sqlite3_vfs *vfs, int microseconds)
{
    sqlite3_vfs *below = vault_of(vfs)->below;

    return below->xSleep(below, microseconds);
}

static int vfs_current_time(sqlite3_vfs *vfs, double *ret)
{
    sqlite3_vfs *below = vault_of(vfs)->below;

    return below->xCurrentTime(below, ret);
}

static int vfs_last_error(sqlite3_vfs *vfs, int len, char *ret)
{
    sqlite3_vfs *below = vault_of(vfs)->below;

    return below->xGetLastError(below, len, ret);
}

/* Libraries are never loaded through this VFS, so it has no xDl methods. */
static enum es_store_err register_vfs(struct es_vault *vault, const char *below)
{
    static atomic_uint n_vaults;

    vault->below = sqlite3_vfs_find(below);
    if (vault->below == NULL)
        return ES_STORE_IO;
    snprintf(vault->name, sizeof(vault->name), "earshot-vault-%u", atomic_fetch_add(&n_vaults, 1));
    vault->vfs = (sqlite3_vfs){
        .iVersion = 1,
        .szOsFile = (int)offsetof(struct es_vault_file, below) + vault->below->szOsFile,
        .mxPathname = vault->below->mxPathname,
        .zName = vault->name,
        .pAppData = vault,
        .xOpen = vfs_open,
        .xDelete = vfs_delete,
        .xAccess = vfs_access,
        .xFullPathname = vfs_full_path,
        .xRandomness = vfs_randomness,
        .xSleep = vfs_sleep,
        .xCurrentTime = vfs_current_time,
        .xGetLastError = vfs_last_error,
    };
    return sqlite3_vfs_register(&vault->vfs, 0) == SQLITE_OK ? ES_STORE_OK : ES_STORE_MEMORY;
}

static struct es_vault *vault_new(const struct es_vault_options *options)
{
    struct es_vault *vault = calloc(1, sizeof(*vault));

    if (vault == NULL)
        return NULL;
    vault->keys = sodium_malloc(sizeof(*vault->keys));
    if (vault->keys == NULL) {
        free(vault);
        return NULL;
    }
    sodium_memzero(vault->keys, sizeof(*vault->keys));
    vault->entropy = options->entropy;
    pthread_mutex_init(&vault->log.mutex, NULL);
    es_vault_shm_init(&vault->shm);
    return vault;
}

void es_vault_free(struct es_vault *vault)
{
    if (vault == NULL)
        return;
    if (vault->below != NULL)
        sqlite3_vfs_unregister(&vault->vfs);
    es_vault_shm_done(&vault->shm);
    pthread_mutex_destroy(&vault->log.mutex);
    sodium_free(vault->keys);
    free(vault);
}

static enum es_store_err read_header(const char *path, struct es_vault_header *ret)
{
    uint8_t block[ES_VAULT_HEADER_BYTES];
    enum es_store_err err;
    size_t len = 0;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return es_store_err_from_errno(errno);
    err = es_file_read(fd, block, sizeof(block), &len);
    close(fd);
    return err == ES_STORE_OK ? es_vault_header_decode(es_slice(block, len), ret) : err;
}

enum es_store_err es_vault_create(const char *path, const struct es_vault_options *options,
                                  struct es_vault **ret)
{
    struct es_vault *vault = vault_new(options);
    struct es_vault_header header;
    uint8_t block[ES_VAULT_HEADER_BYTES];
    enum es_store_err err;

    if (vault == NULL)
        return ES_STORE_MEMORY;
    vault->entropy->random(vault->entropy->ctx, vault->keys->vault.bytes, ES_KEY_BYTES);
    err = es_vault_key_wrap(&vault->keys->vault, &options->secret, options->entropy, &header);
    if (err == ES_STORE_OK) {
        vault->id = header.id;
        es_vault_header_encode(&header, block);
        err = es_file_publish(path, ES_SLICE_OF(block));
    }
    if (err == ES_STORE_OK)
        err = register_vfs(vault, options->below);
    if (err == ES_STORE_OK)
        *ret = vault;
    else
        es_vault_free(vault);
    return err;
}

enum es_store_err es_vault_open(const char *path, const struct es_vault_options *options,
                                struct es_vault **ret)
{
    struct es_vault_header header;
    struct es_vault *vault;
    enum es_store_err err = read_header(path, &header);

    if (err != ES_STORE_OK)
        return err;
    vault = vault_new(options);
    if (vault == NULL)
        return ES_STORE_MEMORY;
    vault->id = header.id;
    err = es_vault_key_unwrap(&header, &options->secret, &vault->keys->vault);
    if (err == ES_STORE_OK)
        err = register_vfs(vault, options->below);
    if (err == ES_STORE_OK)
        *ret = vault;
    else
        es_vault_free(vault);
    return err;
}

enum es_store_err es_vault_probe(const char *path, enum es_vault_lock *ret)
{
    struct es_vault_header header;
    enum es_store_err err = read_header(path, &header);

    if (err == ES_STORE_OK)
        *ret = header.lock;
    return err;
}

const char *es_vault_vfs_name(const struct es_vault *vault)
{
    return vault->name;
}

enum es_store_err es_vault_erase(const char *path)
{
    static const uint8_t zeros[ES_VAULT_HEADER_BYTES];
    enum es_store_err err;
    int fd = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return es_store_err_from_errno(errno);
    err = es_file_write(fd, 0, ES_SLICE_OF(zeros));
    if (err == ES_STORE_OK && fsync(fd) != 0)
        err = ES_STORE_IO;
    close(fd);
    return err;
}
