/* SPDX-License-Identifier: ISC */
/* sqlite.c - the writing side of the store in SQLite. */
#include "node/store/sqlite.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/store/db.h"
#include "node/store/file.h"
#include "node/store/lock.h"
#include "node/store/migrations.h"
#include "node/store/sqlite_make.h"
#include "node/store/sqlite_reader.h"
#include "node/wire/limits.h"

/* Half of what is promised, so that readers who are in the way may finish. */
#define ERASE_AFTER_MS (ES_STORE_ERASED_MS_MAX / 2)
#define ERASE_AGAIN_MS 1000

struct sqlite_store {
    struct es_store base;
    char path[ES_STORE_PATH_BYTES_MAX];
    int lock_fd;
    struct es_vault *vault; /* NULL: in clear                      */
    const char *below;      /* the VFS that reaches the disk       */
    sqlite3 *db;
    sqlite3_stmt *begin;
    sqlite3_stmt *commit;
    sqlite3_stmt *put[ES_ROW_KIND_END];
    sqlite3_stmt *erase[ES_ROW_KIND_END];
    sqlite3_stmt *erase_prefix[ES_ROW_KIND_END];
    bool stale_bytes;     /* the log may hold rows that are erased or replaced */
    uint64_t erase_at_ms; /* when it is overwritten; 0: not set yet            */
};

static const char *vfs_of(const struct sqlite_store *store)
{
    return store->vault != NULL ? es_vault_vfs_name(store->vault) : store->below;
}

/* --- Commit ------------------------------------------------------------------------------------ */

static void check_row(const struct es_row *row)
{
    assert(row->kind > 0 && row->kind < ES_ROW_KIND_END);
    assert(row->key.len >= 1 && row->key.len <= ES_ROW_KEY_BYTES_MAX);
    assert(row->erase || row->body.len <= ES_ROW_BODY_BYTES_MAX);
}

/* Runs a statement that gives no row. */
static int run(sqlite3_stmt *stmt)
{
    int rc = sqlite3_step(stmt);

    sqlite3_reset(stmt);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* Up to the greatest key that begins so: keys have a greatest length. */
static int erase_prefix(struct sqlite_store *store, const struct es_row *row)
{
    sqlite3_stmt *stmt = store->erase_prefix[row->kind];
    uint8_t last[ES_ROW_KEY_BYTES_MAX];
    int rc;

    memset(last, 0xff, sizeof(last));
    memcpy(last, row->key.ptr, row->key.len);
    rc = es_db_bind_blob(stmt, 1, row->key);
    if (rc == SQLITE_OK)
        rc = es_db_bind_blob(stmt, 2, ES_SLICE_OF(last));
    if (rc == SQLITE_OK)
        rc = run(stmt);
    sqlite3_clear_bindings(stmt);
    return rc;
}

static int write_row(struct sqlite_store *store, const struct es_row *row)
{
    sqlite3_stmt *stmt = row->erase ? store->erase[row->kind] : store->put[row->kind];
    int rc;

    check_row(row);
    if (row->erase && row->prefix)
        return erase_prefix(store, row);
    rc = es_db_bind_blob(stmt, 1, row->key);
    if (rc == SQLITE_OK && !row->erase)
        rc = es_db_bind_blob(stmt, 2, row->body);
    if (rc == SQLITE_OK && !row->erase && row->kind == ES_ROW_MESSAGE) {
        sqlite3_bind_int64(stmt, 3, row->conversation);
        sqlite3_bind_int64(stmt, 4, es_db_place(row->order));
    }
    if (rc == SQLITE_OK)
        rc = run(stmt);
    sqlite3_clear_bindings(stmt);
    return rc;
}

static int store_commit(struct es_store *base, const struct es_row *rows, size_t n_rows)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    int rc;

    if (n_rows == 0)
        return 0;
    rc = run(store->begin);
    for (size_t i = 0; rc == SQLITE_OK && i < n_rows; i++)
        rc = write_row(store, &rows[i]);
    if (rc == SQLITE_OK)
        rc = run(store->commit);
    store->stale_bytes = true;
    if (rc == SQLITE_OK)
        return 0;
    /* Many errors have rolled back already. */
    if (!sqlite3_get_autocommit(store->db))
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    return es_db_error(rc) == ES_STORE_FULL ? -ENOSPC : -EIO;
}

static struct es_store_reader *store_reader(struct es_store *base)
{
    struct sqlite_store *store = (struct sqlite_store *)base;

    return es_sqlite_reader_new(store->path, vfs_of(store));
}

/* --- Erasing ----------------------------------------------------------------------------------- */

uint64_t es_store_sqlite_tick(struct es_store *base, uint64_t now_ms)
{
    struct sqlite_store *store = (struct sqlite_store *)base;

    if (!store->stale_bytes)
        return UINT64_MAX;
    if (store->erase_at_ms == 0)
        store->erase_at_ms = now_ms + ERASE_AFTER_MS;
    if (now_ms < store->erase_at_ms)
        return store->erase_at_ms;
    if (sqlite3_wal_checkpoint_v2(store->db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) !=
        SQLITE_OK) {
        store->erase_at_ms = now_ms + ERASE_AGAIN_MS; /* somebody reads, or the disk is full */
        return store->erase_at_ms;
    }
    store->stale_bytes = false;
    store->erase_at_ms = 0;
    return UINT64_MAX;
}

/* --- Opening and closing ----------------------------------------------------------------------- */

static void close_db(struct sqlite_store *store)
{
    sqlite3_finalize(store->begin);
    sqlite3_finalize(store->commit);
    for (size_t i = 0; i < ES_ROW_KIND_END; i++) {
        sqlite3_finalize(store->put[i]);
        sqlite3_finalize(store->erase[i]);
        sqlite3_finalize(store->erase_prefix[i]);
    }
    sqlite3_close(store->db);
}

static void store_free(struct es_store *base)
{
    struct sqlite_store *store = (struct sqlite_store *)base;

    if (store == NULL)
        return;
    close_db(store);
    es_vault_free(store->vault);
    if (store->lock_fd >= 0)
        close(store->lock_fd);
    free(store);
}

static const struct es_store_ops store_ops = {
    .commit = store_commit,
    .reader = store_reader,
    .tick = es_store_sqlite_tick,
    .free = store_free,
};

static enum es_store_err prepare_statements(struct sqlite_store *store)
{
    static const char put[] = "INSERT OR REPLACE INTO %s (key, body) VALUES (?1, ?2)";
    static const char put_message[] =
        "INSERT OR REPLACE INTO %s (key, body, conversation, place) VALUES (?1, ?2, ?3, ?4)";

    store->begin = es_db_prepare(store->db, "BEGIN IMMEDIATE", ES_ROW_SELF);
    store->commit = es_db_prepare(store->db, "COMMIT", ES_ROW_SELF);
    if (store->begin == NULL || store->commit == NULL)
        return es_db_error(sqlite3_extended_errcode(store->db));
    for (enum es_row_kind kind = ES_ROW_SELF; kind < ES_ROW_KIND_END; kind++) {
        store->put[kind] =
            es_db_prepare(store->db, kind == ES_ROW_MESSAGE ? put_message : put, kind);
        store->erase[kind] = es_db_prepare(store->db, "DELETE FROM %s WHERE key = ?1", kind);
        store->erase_prefix[kind] =
            es_db_prepare(store->db, "DELETE FROM %s WHERE key BETWEEN ?1 AND ?2", kind);
        if (store->put[kind] == NULL || store->erase[kind] == NULL ||
            store->erase_prefix[kind] == NULL)
            return es_db_error(sqlite3_extended_errcode(store->db));
    }
    return ES_STORE_OK;
}

static enum es_store_err check_application(const struct sqlite_store *store)
{
    int64_t id;
    enum es_store_err err = es_db_query(store->db, "PRAGMA application_id", &id);

    if (err != ES_STORE_OK || id == ES_DB_APPLICATION_ID)
        return err;
    return store->vault != NULL ? ES_STORE_DAMAGED : ES_STORE_FOREIGN;
}

static enum es_store_err fill_schema(sqlite3 *db, void *ctx)
{
    (void)ctx;
    return es_migrate(db, &es_migrations);
}

static enum es_store_err unlock(struct sqlite_store *store,
                                const struct es_store_sqlite_options *options)
{
    struct es_vault_options vault = {options->secret, options->entropy, options->below};

    if (options->at_rest == ES_STORE_IN_CLEAR)
        return ES_STORE_OK;
    return es_vault_open(options->path, &vault, &store->vault);
}

/* What a process left in its log when it died may lie in the system's memory only: rows that are read
 * from there are passed on, so they must not vanish with the power. */
static enum es_store_err sync_log(const struct sqlite_store *store)
{
    sqlite3_file *log = NULL;
    int rc = sqlite3_file_control(store->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);

    if (rc == SQLITE_OK && log != NULL && log->pMethods != NULL)
        rc = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
    return rc == SQLITE_OK ? ES_STORE_OK : es_db_error(rc);
}

static enum es_store_err open_stages(struct sqlite_store *store,
                                     const struct es_store_sqlite_options *options)
{
    struct stat status;
    enum es_store_err err = es_file_path(options->path, "", store->path);

    if (err != ES_STORE_OK)
        return err;
    if (options->mode == ES_STORE_OPEN && lstat(options->path, &status) != 0)
        return es_store_err_from_errno(errno);
    err = es_store_lock(options->path, &store->lock_fd);
    if (err == ES_STORE_OK)
        err = options->mode == ES_STORE_CREATE
                  ? es_sqlite_make(options, fill_schema, NULL, &store->vault)
                  : unlock(store, options);
    if (err == ES_STORE_OK)
        err = es_db_open(options->path, vfs_of(store), ES_DB_WRITE, &store->db);
    if (err == ES_STORE_OK)
        err = check_application(store);
    if (err == ES_STORE_OK)
        err = es_migrate(store->db, &es_migrations);
    if (err == ES_STORE_OK)
        err = prepare_statements(store);
    if (err == ES_STORE_OK && options->mode == ES_STORE_OPEN)
        err = sync_log(store);
    return err;
}

enum es_store_err es_store_sqlite_open(const struct es_store_sqlite_options *options,
                                       struct es_store **ret)
{
    struct sqlite_store *store;
    enum es_store_err err;

    if (sodium_init() < 0)
        return ES_STORE_MEMORY;
    store = calloc(1, sizeof(*store));
    if (store == NULL)
        return ES_STORE_MEMORY;
    store->lock_fd = -1;
    store->below = options->below;
    store->stale_bytes = true; /* a process that was killed leaves its log */
    store->base.ops = &store_ops;
    err = open_stages(store, options);
    if (err == ES_STORE_OK)
        *ret = &store->base;
    else
        store_free(&store->base);
    return err;
}

enum es_store_err es_store_sqlite_probe(const char *path, enum es_vault_lock *ret)
{
    return es_vault_probe(path, ret);
}

/* --- Copying and destroying -------------------------------------------------------------------- */

static enum es_store_err fill_copy(sqlite3 *db, void *ctx)
{
    sqlite3_backup *backup = sqlite3_backup_init(db, "main", ctx, "main");
    int rc;

    if (backup == NULL)
        return es_db_error(sqlite3_extended_errcode(db));
    rc = sqlite3_backup_step(backup, -1);
    sqlite3_backup_finish(backup);
    return rc == SQLITE_DONE ? ES_STORE_OK : es_db_error(rc);
}

enum es_store_err es_store_sqlite_copy(struct es_store *base,
                                       const struct es_store_sqlite_options *options)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    struct es_vault *vault = NULL;
    sqlite3 *source;
    enum es_store_err err = es_db_open(store->path, vfs_of(store), ES_DB_READ, &source);

    if (err != ES_STORE_OK)
        return err;
    err = es_sqlite_make(options, fill_copy, source, &vault);
    es_vault_free(vault);
    sqlite3_close(source);
    return err;
}

enum es_store_err es_store_sqlite_destroy(const char *path, const char *key_file)
{
    enum es_store_err erased = es_vault_erase(path);
    enum es_store_err err = key_file != NULL ? es_vault_key_file_erase(key_file) : ES_STORE_OK;
    char lock_path[ES_STORE_PATH_BYTES_MAX];

    es_sqlite_remove_leftovers(path);
    if (es_file_path(path, "-lock", lock_path) == ES_STORE_OK)
        unlink(lock_path);
    if (unlink(path) != 0 && errno != ENOENT)
        err = ES_STORE_IO;
    return erased != ES_STORE_OK ? erased : err;
}
