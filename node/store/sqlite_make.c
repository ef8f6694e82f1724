/* SPDX-License-Identifier: ISC */
/* sqlite_make.c - making a database beside its final name. */
#include "node/store/sqlite_make.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/store/db.h"
#include "node/store/file.h"

void es_sqlite_remove_leftovers(const char *path)
{
    static const char *const suffixes[] = {"-wal", "-shm", "-journal"};
    char beside[ES_STORE_PATH_BYTES_MAX];

    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
        if (es_file_path(path, suffixes[i], beside) == ES_STORE_OK)
            unlink(beside);
}

/* The whole database, closed again and on disk, at a path that nobody looks at. */
static enum es_store_err make_at(const char *path, const struct es_store_sqlite_options *options,
                                 es_sqlite_fill_fn fill, void *ctx, struct es_vault **ret_vault)
{
    struct es_vault_options vault = {options->secret, options->entropy, options->below};
    const char *vfs = options->below;
    enum es_store_err err = ES_STORE_OK;
    sqlite3 *db = NULL;

    if (options->at_rest == ES_STORE_IN_VAULT) {
        err = es_vault_create(path, &vault, ret_vault);
        if (err == ES_STORE_OK)
            vfs = es_vault_vfs_name(*ret_vault);
    }
    if (err == ES_STORE_OK)
        err = es_db_open(path, vfs, ES_DB_MAKE, &db);
    if (err == ES_STORE_OK)
        err = fill(db, ctx);
    /* Copies the log into the file: what has the final name needs no other file. */
    if (err == ES_STORE_OK &&
        sqlite3_wal_checkpoint_v2(db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) != SQLITE_OK)
        err = es_db_error(sqlite3_extended_errcode(db));
    sqlite3_close(db);
    return err;
}

enum es_store_err es_sqlite_make(const struct es_store_sqlite_options *options,
                                 es_sqlite_fill_fn fill, void *ctx, struct es_vault **ret_vault)
{
    char beside[ES_STORE_PATH_BYTES_MAX];
    struct stat status;
    enum es_store_err err = es_file_path(options->path, ".new", beside);

    if (err != ES_STORE_OK)
        return err;
    if (lstat(options->path, &status) == 0)
        return ES_STORE_EXISTS;
    unlink(beside); /* left by a run that was cut short */
    es_sqlite_remove_leftovers(beside);
    err = make_at(beside, options, fill, ctx, ret_vault);
    es_sqlite_remove_leftovers(beside);
    es_sqlite_remove_leftovers(options->path);
    if (err == ES_STORE_OK && rename(beside, options->path) != 0)
        err = es_store_err_from_errno(errno);
    if (err == ES_STORE_OK)
        return es_file_sync_folder(options->path);
    unlink(beside);
    return err;
}
