/* SPDX-License-Identifier: ISC */
/* clear_copy.c - copies the database of a stopped node out of the vault, for tests that look at
 * what is in it.
 *
 * usage: clear_copy HOME COPY [PASSPHRASE] */
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "node/store/error.h"
#include "node/store/sqlite.h"

static void draw(void *ctx, void *buf, size_t len)
{
    (void)ctx;
    randombytes_buf(buf, len);
}

static const struct es_entropy entropy = {.random = draw};

int main(int argc, char **argv)
{
    char database[PATH_MAX], key[PATH_MAX];
    struct es_store_sqlite_options options = {
        .path = database, .at_rest = ES_STORE_IN_VAULT, .entropy = &entropy};
    struct es_store_sqlite_options copy = {.at_rest = ES_STORE_IN_CLEAR, .entropy = &entropy};
    struct es_store *store;
    enum es_store_err err;

    if (argc < 3 || sodium_init() < 0 ||
        snprintf(database, sizeof(database), "%s/earshot.db", argv[1]) >= PATH_MAX ||
        snprintf(key, sizeof(key), "%s/earshot.key", argv[1]) >= PATH_MAX)
        return 2;
    options.secret.key_file = key;
    if (argc > 3)
        options.secret.passphrase = es_slice(argv[3], strlen(argv[3]));
    copy.path = argv[2];
    err = es_store_sqlite_open(&options, &store);
    if (err == ES_STORE_OK) {
        err = es_store_sqlite_copy(store, &copy);
        store->ops->free(store);
    }
    if (err != ES_STORE_OK)
        fprintf(stderr, "%s\n", es_store_err_text(err));
    return err == ES_STORE_OK ? 0 : 1;
}
