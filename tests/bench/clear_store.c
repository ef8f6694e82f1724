/* SPDX-License-Identifier: ISC */
/* clear_store.c - what makes earshotd_clear of earshotd: the linker puts this function in the place
 * of the store's own (--wrap), and the vault is off. For the benchmark only. */
#include "node/store/sqlite.h"

enum es_store_err __real_es_store_sqlite_open(const struct es_store_sqlite_options *options,
                                              struct es_store **ret);
enum es_store_err __wrap_es_store_sqlite_open(const struct es_store_sqlite_options *options,
                                              struct es_store **ret);

enum es_store_err __wrap_es_store_sqlite_open(const struct es_store_sqlite_options *options,
                                              struct es_store **ret)
{
    struct es_store_sqlite_options clear = *options;

    clear.at_rest = ES_STORE_IN_CLEAR;
    return __real_es_store_sqlite_open(&clear, ret);
}
