/* SPDX-License-Identifier: ISC */
/* migrations.h - the versions of the database: a list that is only ever appended to. */
#ifndef ES_STORE_MIGRATIONS_H
#define ES_STORE_MIGRATIONS_H

#include <sqlite3.h>

#include "node/store/error.h"

/* node/store/schema.sql, put into the program when it is built. */
extern const char es_schema_sql[];

/* Step i leads from version i to version i + 1; version 0 is an empty database. */
struct es_migrations {
    const char *const *steps;
    int n_steps;
};
extern const struct es_migrations es_migrations;

/* Brings db to the newest version, in one transaction. ES_STORE_NEWER, with nothing changed, when
 * it is beyond that already. */
enum es_store_err es_migrate(sqlite3 *db, const struct es_migrations *migrations);

#endif
