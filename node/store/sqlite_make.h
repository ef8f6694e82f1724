/* SPDX-License-Identifier: ISC */
/* sqlite_make.h - making a database file that is whole from the moment it has its name. */
#ifndef ES_STORE_SQLITE_MAKE_H
#define ES_STORE_SQLITE_MAKE_H

#include <sqlite3.h>

#include "node/store/sqlite.h"

/* Puts the content into a new database. */
typedef enum es_store_err (*es_sqlite_fill_fn)(sqlite3 *db, void *ctx);

/* Makes the database at options->path, which must not exist; ret_vault, NULL when in clear, may be
 * used to open it. After an error ret_vault may be set nevertheless. */
enum es_store_err es_sqlite_make(const struct es_store_sqlite_options *options,
                                 es_sqlite_fill_fn fill, void *ctx, struct es_vault **ret_vault);

/* Removes the files beside the database at path that SQLite may have left. */
void es_sqlite_remove_leftovers(const char *path);

#endif
