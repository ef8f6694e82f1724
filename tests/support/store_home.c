/* SPDX-License-Identifier: ISC */
/* store_home.c - folders and files for the tests of the store. */
#include "tests/support/store_home.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/disk_vfs.h"

static void system_random(void *ctx, void *buf, size_t len)
{
    (void)ctx;
    randombytes_buf(buf, len);
}

const struct es_entropy store_entropy = {NULL, system_random};
const struct es_vault_cost store_cheap = {crypto_pwhash_OPSLIMIT_MIN, crypto_pwhash_MEMLIMIT_MIN};

void store_home_init(struct store_home *home)
{
    const char *parent = getenv("TMPDIR");

    assert_true(sodium_init() >= 0);
    snprintf(home->folder, sizeof(home->folder), "%.100s/earshot-XXXXXX",
             parent != NULL ? parent : "/tmp");
    assert_non_null(mkdtemp(home->folder));
    snprintf(home->path, sizeof(home->path), "%s/node.db", home->folder);
    snprintf(home->wal_path, sizeof(home->wal_path), "%s/node.db-wal", home->folder);
    snprintf(home->key_file, sizeof(home->key_file), "%s/earshot.key", home->folder);
}

void store_home_done(struct store_home *home)
{
    DIR *folder = opendir(home->folder);
    struct dirent *entry;

    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL)
        unlinkat(dirfd(folder), entry->d_name, 0);
    closedir(folder);
    assert_int_equal(rmdir(home->folder), 0);
}

int store_home_set_up(void **state)
{
    struct store_home *home = malloc(sizeof(*home));

    assert_non_null(home);
    store_home_init(home);
    disk_vfs_reset();
    *state = home;
    return 0;
}

int store_home_tear_down(void **state)
{
    store_home_done(*state);
    free(*state);
    return 0;
}

struct es_store_sqlite_options store_home_options(const struct store_home *home,
                                                  enum es_store_mode mode)
{
    return (struct es_store_sqlite_options){
        .path = home->path,
        .mode = mode,
        .at_rest = ES_STORE_IN_VAULT,
        .secret = {.key_file = home->key_file, .cost = store_cheap},
        .entropy = &store_entropy,
    };
}

struct es_store_sqlite_options store_home_passphrase(const struct store_home *home,
                                                     enum es_store_mode mode, const char *text)
{
    struct es_store_sqlite_options options = store_home_options(home, mode);

    options.secret.key_file = NULL;
    options.secret.passphrase = es_slice(text, strlen(text));
    return options;
}

struct es_store *store_must_open(const struct es_store_sqlite_options *options)
{
    struct es_store *store = NULL;

    assert_string_equal(es_store_err_text(es_store_sqlite_open(options, &store)),
                        es_store_err_text(ES_STORE_OK));
    assert_non_null(store);
    return store;
}

uint8_t *store_read_file(const char *path, size_t *ret_len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status = {0};
    uint8_t *bytes;

    if (fd >= 0)
        assert_int_equal(fstat(fd, &status), 0);
    bytes = malloc((size_t)status.st_size + 1);
    assert_non_null(bytes);
    if (fd >= 0) {
        assert_int_equal(read(fd, bytes, (size_t)status.st_size), status.st_size);
        close(fd);
    }
    *ret_len = (size_t)status.st_size;
    return bytes;
}

void store_write_file(const char *path, struct es_slice bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes.ptr, bytes.len), bytes.len);
    close(fd);
}
