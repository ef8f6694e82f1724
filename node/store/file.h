/* SPDX-License-Identifier: ISC */
/* file.h - the few file operations of the store that do not go through SQLite. */
#ifndef ES_STORE_FILE_H
#define ES_STORE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "node/store/error.h"
#include "node/wire/slice.h"

/* Paths: what the environment gives, and room for the suffixes of SQLite and of this store. */
#define ES_STORE_PATH_BYTES_MAX 4096

/* path followed by suffix, into ret[ES_STORE_PATH_BYTES_MAX]. ES_STORE_IO when too long. */
enum es_store_err es_file_path(const char *path, const char *suffix,
                               char ret[static ES_STORE_PATH_BYTES_MAX]);

/* Reads at most cap bytes from the start of fd. */
enum es_store_err es_file_read(int fd, uint8_t *buf, size_t cap, size_t *ret_len);

/* Writes all bytes at offset. */
enum es_store_err es_file_write(int fd, uint64_t offset, struct es_slice bytes);

/* Makes a file of mode 0600 that nobody saw half written: written beside path, synced, renamed.
 * What stood at path before is replaced. */
enum es_store_err es_file_publish(const char *path, struct es_slice bytes);

/* Makes a change of names in the folder of path durable. */
enum es_store_err es_file_sync_folder(const char *path);

#endif
