/* SPDX-License-Identifier: ISC */
/* store_image.h - a store's files at one moment, and what a node finds that starts from them. */
#ifndef ES_TESTS_STORE_IMAGE_H
#define ES_TESTS_STORE_IMAGE_H

#include "node/crypto/types.h"
#include "tests/support/store_home.h"

struct store_file {
    uint8_t *bytes;
    size_t len;
};

struct store_image {
    struct store_file db;
    struct store_file wal;
};

/* Makes an empty store at the home's path and closes it. */
void store_make_empty(const struct store_home *home);

/* Opens it above DISK_VFS. */
struct es_store *store_open_on_disk(const struct store_home *home);

/* The files as they are now; putting them back; and freeing them. */
struct store_image store_image_take(const struct store_home *home);
void store_image_put(const struct store_home *home, const struct store_image *image);
void store_image_done(struct store_image *image);

/* Puts the image in place, opens it and gives store_digest(). Resets DISK_VFS, where syncs cost
 * nothing. */
struct es_id store_image_digest(const struct store_home *home, const struct store_image *image);

bool store_same(const struct es_id *a, const struct es_id *b);

#endif
