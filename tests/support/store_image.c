/* SPDX-License-Identifier: ISC */
/* store_image.c - a store's files at one moment. */
#include "tests/support/store_image.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/disk_vfs.h"
#include "tests/support/store_rows.h"

void store_make_empty(const struct store_home *home)
{
    struct es_store_sqlite_options options = store_home_options(home, ES_STORE_CREATE);
    struct es_store *store = store_must_open(&options);

    store->ops->free(store);
}

struct es_store *store_open_on_disk(const struct store_home *home)
{
    struct es_store_sqlite_options options = store_home_options(home, ES_STORE_OPEN);

    options.below = DISK_VFS;
    return store_must_open(&options);
}

struct store_image store_image_take(const struct store_home *home)
{
    struct store_image image;

    image.db.bytes = store_read_file(home->path, &image.db.len);
    image.wal.bytes = store_read_file(home->wal_path, &image.wal.len);
    return image;
}

void store_image_put(const struct store_home *home, const struct store_image *image)
{
    store_write_file(home->path, es_slice(image->db.bytes, image->db.len));
    store_write_file(home->wal_path, es_slice(image->wal.bytes, image->wal.len));
}

void store_image_done(struct store_image *image)
{
    free(image->db.bytes);
    free(image->wal.bytes);
}

struct es_id store_image_digest(const struct store_home *home, const struct store_image *image)
{
    struct es_store *store;
    struct es_id digest;

    store_image_put(home, image);
    disk_vfs_reset();
    store = store_open_on_disk(home);
    digest = store_digest(store);
    store->ops->free(store);
    return digest;
}

bool store_same(const struct es_id *a, const struct es_id *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}
