/* SPDX-License-Identifier: ISC */
/* db.c - SQLite connections of the store. */
#include "node/store/db.h"

#include <assert.h>
#include <string.h>

#include "node/store/vault.h"

/* How long a connection waits for another one of this process: readers hold nothing for longer
 * than one page of rows. */
#define BUSY_MS 200

/* Cuts the log back to this when it starts anew: more than SQLite lets it grow to while nobody
 * reads for long. */
#define LOG_PRAGMA "PRAGMA journal_size_limit = 8388608;"

/* What holds for every connection. The file is not trusted, whoever wrote it; nothing is written
 * to any other file, and what is deleted is overwritten. */
static const char common_sql[] = "PRAGMA temp_store = MEMORY;"
                                 "PRAGMA mmap_size = 0;"
                                 "PRAGMA trusted_schema = OFF;"
                                 "PRAGMA cell_size_check = ON;"
                                 "PRAGMA foreign_keys = ON;"
                                 "PRAGMA secure_delete = ON;"
                                 "PRAGMA synchronous = FULL;";

/* A new file has no log yet, and the vault has no other journal: the first page is written without
 * one. Nobody sees the file before it is whole. */
static const char make_sql[] = "PRAGMA page_size = 4096;"
                               "PRAGMA auto_vacuum = NONE;"
                               "PRAGMA journal_mode = MEMORY;"
                               "PRAGMA journal_mode = WAL;" LOG_PRAGMA;

static const char write_sql[] = LOG_PRAGMA;

_Static_assert(ES_VAULT_PAGE_BYTES == 4096, "as in make_sql");

enum es_store_err es_db_error(int rc)
{
    switch (rc) {
    case SQLITE_IOERR_DATA: /* a page that the vault did not write */
        return ES_STORE_DAMAGED;
    case SQLITE_IOERR_NOMEM:
        return ES_STORE_MEMORY;
    default:
        break;
    }
    switch (rc & 0xff) {
    case SQLITE_CORRUPT:
        return ES_STORE_DAMAGED;
    case SQLITE_NOTADB:
        return ES_STORE_FOREIGN;
    case SQLITE_FULL:
        return ES_STORE_FULL;
    case SQLITE_NOMEM:
        return ES_STORE_MEMORY;
    case SQLITE_BUSY:
        return ES_STORE_IN_USE;
    default:
        return ES_STORE_IO;
    }
}

enum es_store_err es_db_exec(sqlite3 *db, const char *sql)
{
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK ? ES_STORE_OK : es_db_error(sqlite3_extended_errcode(db));
}

enum es_store_err es_db_query(sqlite3 *db, const char *sql, int64_t *ret)
{
    sqlite3_stmt *stmt;
    enum es_store_err err = ES_STORE_OK;

    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
        return es_db_error(sqlite3_extended_errcode(db));
    if (sqlite3_step(stmt) == SQLITE_ROW)
        *ret = sqlite3_column_int64(stmt, 0);
    else
        err = es_db_error(sqlite3_extended_errcode(db));
    sqlite3_finalize(stmt);
    return err;
}

static enum es_store_err set_up(sqlite3 *db, bool in_vault, enum es_db_access access)
{
    int reserved = ES_VAULT_RESERVED_BYTES;
    int keep_log = 1;
    enum es_store_err err;

    sqlite3_extended_result_codes(db, 1);
    sqlite3_busy_timeout(db, BUSY_MS);
    if (in_vault)
        sqlite3_file_control(db, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
    err = es_db_exec(db, common_sql);
    if (err == ES_STORE_OK && access == ES_DB_MAKE)
        err = es_db_exec(db, make_sql);
    else if (err == ES_STORE_OK && access == ES_DB_WRITE)
        err = es_db_exec(db, write_sql);
    if (err != ES_STORE_OK)
        return err;
    /* A log that stays is truncated at the end, and so overwritten; one that SQLite deletes is
     * not. */
    sqlite3_file_control(db, "main", SQLITE_FCNTL_PERSIST_WAL, &keep_log);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    return ES_STORE_OK;
}

enum es_store_err es_db_open(const char *path, const char *vfs, enum es_db_access access,
                             sqlite3 **ret)
{
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    enum es_store_err err;
    sqlite3 *db = NULL;
    int rc;

    flags |= access == ES_DB_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    flags |= access == ES_DB_MAKE ? SQLITE_OPEN_CREATE : 0;
    rc = sqlite3_open_v2(path, &db, flags, vfs);
    if (rc != SQLITE_OK)
        err = es_db_error(db != NULL ? sqlite3_extended_errcode(db) : rc);
    else
        err = set_up(db, vfs != NULL, access);
    if (err == ES_STORE_OK)
        *ret = db;
    else
        sqlite3_close(db);
    return err;
}

static const char *const tables[ES_ROW_KIND_END] = {
    [ES_ROW_SELF] = "self",
    [ES_ROW_CONTACT] = "contact",
    [ES_ROW_SESSION] = "session",
    [ES_ROW_GAP] = "gap",
    [ES_ROW_OUTBOX] = "outbox",
    [ES_ROW_MESSAGE] = "message",
    [ES_ROW_HELD] = "held",
    [ES_ROW_REQUEST_IN] = "request_in",
    [ES_ROW_REQUEST_OUT] = "request_out",
    [ES_ROW_INVITE] = "invite",
    [ES_ROW_SEEN] = "seen",
    [ES_ROW_PENDING] = "pending",
};

sqlite3_stmt *es_db_prepare(sqlite3 *db, const char *sql, enum es_row_kind kind)
{
    sqlite3_stmt *stmt = NULL;
    char *text;

    assert(kind > 0 && kind < ES_ROW_KIND_END && tables[kind] != NULL);
    text = sqlite3_mprintf(sql, tables[kind]);
    if (text != NULL)
        sqlite3_prepare_v3(db, text, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL);
    sqlite3_free(text);
    return stmt;
}

int es_db_bind_blob(sqlite3_stmt *stmt, int index, struct es_slice bytes)
{
    const void *ptr = bytes.len > 0 ? bytes.ptr : (const uint8_t *)"";

    return sqlite3_bind_blob64(stmt, index, ptr, bytes.len, SQLITE_STATIC);
}

struct es_slice es_db_column_blob(sqlite3_stmt *stmt, int column)
{
    const void *ptr = sqlite3_column_blob(stmt, column);

    return es_slice(ptr != NULL ? ptr : "", (size_t)sqlite3_column_bytes(stmt, column));
}

int64_t es_db_place(uint64_t order)
{
    uint64_t turned = order ^ (UINT64_C(1) << 63);
    int64_t place;

    memcpy(&place, &turned, sizeof(place));
    return place;
}

uint64_t es_db_order(int64_t place)
{
    return (uint64_t)place ^ (UINT64_C(1) << 63);
}
