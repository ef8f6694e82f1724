/* SPDX-License-Identifier: ISC */
/* migrations.c - bringing a database to the newest version. */
#include "node/store/migrations.h"

#include <stdio.h>

#include "node/store/db.h"

static const char *const steps[] = {
    es_schema_sql,
};
const struct es_migrations es_migrations = {steps, sizeof(steps) / sizeof(steps[0])};

static enum es_store_err run_steps(sqlite3 *db, const struct es_migrations *migrations, int version)
{
    char set_version[64];
    enum es_store_err err = ES_STORE_OK;

    for (int i = version; err == ES_STORE_OK && i < migrations->n_steps; i++)
        err = es_db_exec(db, migrations->steps[i]);
    if (err != ES_STORE_OK)
        return err;
    snprintf(set_version, sizeof(set_version), "PRAGMA user_version = %d", migrations->n_steps);
    return es_db_exec(db, set_version);
}

enum es_store_err es_migrate(sqlite3 *db, const struct es_migrations *migrations)
{
    int64_t version;
    enum es_store_err err = es_db_query(db, "PRAGMA user_version", &version);

    if (err != ES_STORE_OK)
        return err;
    if (version > migrations->n_steps)
        return ES_STORE_NEWER;
    if (version < 0)
        return ES_STORE_DAMAGED;
    if (version == migrations->n_steps)
        return ES_STORE_OK;
    err = es_db_exec(db, "BEGIN IMMEDIATE");
    if (err == ES_STORE_OK)
        err = run_steps(db, migrations, (int)version);
    if (err == ES_STORE_OK)
        err = es_db_exec(db, "COMMIT");
    if (err != ES_STORE_OK && !sqlite3_get_autocommit(db))
        es_db_exec(db, "ROLLBACK");
    return err;
}
