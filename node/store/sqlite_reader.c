/* SPDX-License-Identifier: ISC */
/* sqlite_reader.c - reading rows; every statement is reset before its call returns. */
#include "node/store/sqlite_reader.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "node/store/db.h"

struct sqlite_reader {
    struct es_store_reader base;
    sqlite3 *db;
    sqlite3_stmt *get[ES_ROW_KIND_END]; /* prepared when first used */
};

static int copy_body(sqlite3_stmt *stmt, uint8_t *buf, size_t cap, size_t *ret_len)
{
    struct es_slice body = es_db_column_blob(stmt, 0);

    if (body.len > cap)
        return -EMSGSIZE;
    if (body.len > 0)
        memcpy(buf, body.ptr, body.len);
    *ret_len = body.len;
    return 0;
}

static int reader_get(struct es_store_reader *base, enum es_row_kind kind, struct es_slice key,
                      uint8_t *buf, size_t cap, size_t *ret_len)
{
    struct sqlite_reader *reader = (struct sqlite_reader *)base;
    sqlite3_stmt **stmt = &reader->get[kind];
    int err;

    if (*stmt == NULL)
        *stmt = es_db_prepare(reader->db, "SELECT body FROM %s WHERE key = ?1", kind);
    if (*stmt == NULL || es_db_bind_blob(*stmt, 1, key) != SQLITE_OK)
        return -EIO;
    switch (sqlite3_step(*stmt)) {
    case SQLITE_ROW:
        err = copy_body(*stmt, buf, cap, ret_len);
        break;
    case SQLITE_DONE:
        err = -ENOENT;
        break;
    default:
        err = -EIO;
        break;
    }
    sqlite3_reset(*stmt);
    return err;
}

/* Gives the rows of a statement to fn and finalizes it. Columns: key, body [, conversation, place].
 * The statement is not kept, so that fn may read too. */
static int give_rows(sqlite3_stmt *stmt, enum es_row_kind kind, es_row_fn fn, void *ctx)
{
    int result = 0;
    int rc;

    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        struct es_row row = {
            .kind = kind, .key = es_db_column_blob(stmt, 0), .body = es_db_column_blob(stmt, 1)};

        if (kind == ES_ROW_MESSAGE) {
            row.conversation = (uint32_t)sqlite3_column_int64(stmt, 2);
            row.order = es_db_order(sqlite3_column_int64(stmt, 3));
        }
        result = fn(ctx, &row);
        if (result != 0)
            break;
    }
    sqlite3_finalize(stmt);
    return result == 0 && rc != SQLITE_DONE ? -EIO : result;
}

static int reader_each(struct es_store_reader *base, enum es_row_kind kind, es_row_fn fn, void *ctx)
{
    struct sqlite_reader *reader = (struct sqlite_reader *)base;
    const char *sql = kind == ES_ROW_MESSAGE
                          ? "SELECT key, body, conversation, place FROM %s ORDER BY key"
                          : "SELECT key, body FROM %s ORDER BY key";
    sqlite3_stmt *stmt = es_db_prepare(reader->db, sql, kind);

    return stmt != NULL ? give_rows(stmt, kind, fn, ctx) : -EIO;
}

static int reader_page(struct es_store_reader *base, const struct es_page *page, es_row_fn fn,
                       void *ctx)
{
    struct sqlite_reader *reader = (struct sqlite_reader *)base;
    uint64_t last = page->before == UINT64_MAX ? UINT64_MAX : page->before - 1;
    const char *sql = page->newest_first
                          ? "SELECT key, body, conversation, place FROM %s WHERE conversation = ?1 "
                            "AND place > ?2 AND place <= ?3 ORDER BY place DESC, key DESC LIMIT ?4"
                          : "SELECT key, body, conversation, place FROM %s WHERE conversation = ?1 "
                            "AND place > ?2 AND place <= ?3 ORDER BY place, key LIMIT ?4";
    sqlite3_stmt *stmt;

    assert(page->limit <= ES_STORE_PAGE_ROWS_MAX);
    if (page->before == 0)
        return 0;
    stmt = es_db_prepare(reader->db, sql, ES_ROW_MESSAGE);
    if (stmt == NULL)
        return -EIO;
    sqlite3_bind_int64(stmt, 1, page->conversation);
    sqlite3_bind_int64(stmt, 2, es_db_place(page->after));
    sqlite3_bind_int64(stmt, 3, es_db_place(last));
    sqlite3_bind_int64(stmt, 4, (sqlite3_int64)page->limit);
    return give_rows(stmt, ES_ROW_MESSAGE, fn, ctx);
}

static void reader_free(struct es_store_reader *base)
{
    struct sqlite_reader *reader = (struct sqlite_reader *)base;

    if (reader == NULL)
        return;
    for (size_t i = 0; i < ES_ROW_KIND_END; i++)
        sqlite3_finalize(reader->get[i]);
    sqlite3_close(reader->db);
    free(reader);
}

static const struct es_reader_ops reader_ops = {
    .get = reader_get,
    .each = reader_each,
    .page = reader_page,
    .free = reader_free,
};

struct es_store_reader *es_sqlite_reader_new(const char *path, const char *vfs)
{
    struct sqlite_reader *reader = calloc(1, sizeof(*reader));
    enum es_store_err err;

    if (reader == NULL)
        return NULL;
    err = es_db_open(path, vfs, ES_DB_READ, &reader->db);
    if (err != ES_STORE_OK) {
        free(reader);
        errno = err == ES_STORE_MEMORY ? ENOMEM : EIO;
        return NULL;
    }
    reader->base.ops = &reader_ops;
    return &reader->base;
}
