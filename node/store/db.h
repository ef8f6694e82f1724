/* SPDX-License-Identifier: ISC */
/* db.h - connections to the database: how each is set up, and what its errors mean. */
#ifndef ES_STORE_DB_H
#define ES_STORE_DB_H

#include <sqlite3.h>
#include <stdint.h>

#include "node/env/store.h"
#include "node/store/error.h"

#define ES_DB_APPLICATION_ID 0x45617273

enum es_db_access {
    ES_DB_READ,
    ES_DB_WRITE,
    ES_DB_MAKE, /* the file holds no database yet */
};

/* Opens a connection to be used by one thread at a time. vfs NULL: the default, nothing is
 * encrypted. */
enum es_store_err es_db_open(const char *path, const char *vfs, enum es_db_access access,
                             sqlite3 **ret);

/* What a result code other than SQLITE_OK, ROW and DONE means. */
enum es_store_err es_db_error(int rc);

/* Runs statements that give no rows; rows are ignored. */
enum es_store_err es_db_exec(sqlite3 *db, const char *sql);

/* Runs a statement that gives one integer. */
enum es_store_err es_db_query(sqlite3 *db, const char *sql, int64_t *ret);

/* Prepares a statement in which %s stands for the kind's table. NULL on failure. */
sqlite3_stmt *es_db_prepare(sqlite3 *db, const char *sql, enum es_row_kind kind);

/* Binds bytes that stay where they are until the statement is reset; an empty blob is not NULL. */
int es_db_bind_blob(sqlite3_stmt *stmt, int index, struct es_slice bytes);

/* The blob of a column, borrowed until the next step; ptr is never NULL. */
struct es_slice es_db_column_blob(sqlite3_stmt *stmt, int column);

/* A row's order as SQLite sorts it, and back. */
int64_t es_db_place(uint64_t order);
uint64_t es_db_order(int64_t place);

#endif
