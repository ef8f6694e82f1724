/* SPDX-License-Identifier: ISC */
/* disk_vfs.h - a SQLite VFS that stands for a disk: it counts, fails, fills up and loses power.
 *
 * It passes everything on to SQLite's own and remembers what was written since the last sync of
 * each file. Reset it at the start of each test and give DISK_VFS as the VFS below. */
#ifndef ES_TESTS_DISK_VFS_H
#define ES_TESTS_DISK_VFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "node/wire/slice.h"

#define DISK_VFS "test-disk"

/* Called before each operation that changes the disk. */
typedef void (*disk_change_fn)(void *ctx);

/* Called with the bytes of each write. */
typedef void (*disk_write_fn)(void *ctx, const char *path, struct es_slice bytes, uint64_t offset);

struct disk_plan {
    disk_change_fn on_change;
    disk_write_fn on_write;
    void *ctx;
    uint64_t fail_at; /* number of the operation that fails, from 1; 0: none */
    bool fail_on;     /* and all after it                                    */
    bool full;        /* what fails is a disk without room, not a broken one */
};

/* Registers the VFS and forgets what was planned and remembered. No file may be open. */
void disk_vfs_reset(void);
extern struct disk_plan disk_plan;

/* Writes, truncations and syncs since the reset. */
uint64_t disk_vfs_operations(void);

/* What a power cut at this moment may leave of the file, as seed decides: all that was synced and,
 * of what was written since, everything or each sector of 512 bytes or not. To be freed. */
uint8_t *disk_vfs_after_power_cut(const char *path, uint64_t *seed, size_t *ret_len);

#endif
