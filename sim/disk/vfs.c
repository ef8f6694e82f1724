/* SPDX-License-Identifier: ISC */
/* vfs.c - SQLite's methods on a disk in memory. */
#include "sim/disk/vfs.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 2027-01-15 as a Julian day. */
#define JULIAN_DAY 2461420.5
#define PATH_BYTES_MAX 512

struct open_file {
    sqlite3_file base;
    struct es_sim_vfs *vfs;
    struct es_sim_file *file;
    int lock; /* SQLITE_LOCK_... */
};

static struct open_file *open_file(sqlite3_file *base)
{
    return (struct open_file *)base;
}

/* Counts a change. False: it fails. */
static bool may_change(struct es_sim_vfs *vfs)
{
    if (vfs->off)
        return false;
    vfs->n_changes++;
    if (vfs->dies_in > 0 && --vfs->dies_in == 0)
        vfs->off = true;
    if (vfs->fails_in > 0 && --vfs->fails_in == 0)
        return false;
    return !vfs->off;
}

/* --- Files ------------------------------------------------------------------------------------- */

static int file_close(sqlite3_file *base)
{
    struct open_file *open = open_file(base);

    if (open->lock > SQLITE_LOCK_NONE)
        open->vfs->n_shared--;
    return SQLITE_OK;
}

static int file_read(sqlite3_file *base, void *buf, int len, sqlite3_int64 offset)
{
    struct open_file *open = open_file(base);
    bool whole;

    if (open->vfs->works && open->vfs->fails_in > 0 && --open->vfs->fails_in == 0)
        return SQLITE_IOERR_READ;
    whole = es_sim_file_read(open->file, buf, (size_t)len, (uint64_t)offset);
    return whole ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

/* A write that fails, or in which power goes, is done by half. */
static int file_write(sqlite3_file *base, const void *bytes, int len, sqlite3_int64 offset)
{
    struct open_file *open = open_file(base);
    bool was_off = open->vfs->off;

    if (open->vfs->full && (uint64_t)offset + (uint64_t)len > open->file->now.len)
        return SQLITE_FULL;
    if (may_change(open->vfs)) {
        es_sim_file_write(open->file, es_slice(bytes, (size_t)len), (uint64_t)offset);
        return SQLITE_OK;
    }
    if (!was_off)
        es_sim_file_write(open->file, es_slice(bytes, (size_t)len / 2), (uint64_t)offset);
    return SQLITE_IOERR_WRITE;
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 len)
{
    struct open_file *open = open_file(base);

    if (!may_change(open->vfs))
        return SQLITE_IOERR_TRUNCATE;
    es_sim_file_truncate(open->file, (uint64_t)len);
    return SQLITE_OK;
}

static int file_sync(sqlite3_file *base, int flags)
{
    struct open_file *open = open_file(base);

    (void)flags;
    if (!may_change(open->vfs))
        return SQLITE_IOERR_FSYNC;
    if (!open->vfs->lying_sync)
        es_sim_file_sync(open->file);
    return SQLITE_OK;
}

static int file_size(sqlite3_file *base, sqlite3_int64 *ret)
{
    *ret = (sqlite3_int64)open_file(base)->file->now.len;
    return SQLITE_OK;
}

/* Connections share the database; only the last one may have it alone, when it closes. */
static int file_lock(sqlite3_file *base, int level)
{
    struct open_file *open = open_file(base);

    if (level == SQLITE_LOCK_EXCLUSIVE && open->vfs->n_shared > 1)
        return SQLITE_BUSY;
    if (open->lock == SQLITE_LOCK_NONE && level > SQLITE_LOCK_NONE)
        open->vfs->n_shared++;
    if (level > open->lock)
        open->lock = level;
    return SQLITE_OK;
}

static int file_unlock(sqlite3_file *base, int level)
{
    struct open_file *open = open_file(base);

    if (open->lock > SQLITE_LOCK_NONE && level == SQLITE_LOCK_NONE)
        open->vfs->n_shared--;
    if (level < open->lock)
        open->lock = level;
    return SQLITE_OK;
}

static int file_check_lock(sqlite3_file *base, int *ret)
{
    *ret = open_file(base)->vfs->n_shared > 1;
    return SQLITE_OK;
}

static int file_control(sqlite3_file *base, int op, void *arg)
{
    (void)base;
    (void)arg;
    return op == SQLITE_FCNTL_PERSIST_WAL ? SQLITE_OK : SQLITE_NOTFOUND;
}

static int file_sector_size(sqlite3_file *base)
{
    (void)base;
    return ES_SIM_SECTOR_BYTES;
}

static int file_characteristics(sqlite3_file *base)
{
    (void)base;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static const sqlite3_io_methods file_methods = {
    .iVersion = 1,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_lock,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_characteristics,
};

/* --- The VFS ----------------------------------------------------------------------------------- */

static struct es_sim_vfs *vfs_of(sqlite3_vfs *base)
{
    return base->pAppData;
}

static bool is_log(const char *path)
{
    size_t len = strlen(path);

    return len >= 4 && strcmp(path + len - 4, "-wal") == 0;
}

static int vfs_open(sqlite3_vfs *base, const char *path, sqlite3_file *file, int flags,
                    int *ret_flags)
{
    struct open_file *open = open_file(file);

    *open = (struct open_file){.vfs = vfs_of(base), .lock = SQLITE_LOCK_NONE};
    open->file = &open->vfs->files[is_log(path) ? ES_SIM_LOG : ES_SIM_DATABASE];
    open->base.pMethods = &file_methods;
    if (ret_flags != NULL)
        *ret_flags = flags;
    return SQLITE_OK;
}

/* A log is deleted at once and for good. The database is not. */
static int vfs_delete(sqlite3_vfs *base, const char *path, int sync_folder)
{
    struct es_sim_vfs *vfs = vfs_of(base);

    (void)sync_folder;
    if (!is_log(path) || !may_change(vfs))
        return SQLITE_IOERR_DELETE;
    es_sim_file_set(&vfs->files[ES_SIM_LOG], es_slice(NULL, 0));
    return SQLITE_OK;
}

static int vfs_access(sqlite3_vfs *base, const char *path, int flags, int *ret)
{
    (void)flags;
    *ret = !is_log(path) || vfs_of(base)->files[ES_SIM_LOG].now.len > 0;
    return SQLITE_OK;
}

static int vfs_full_path(sqlite3_vfs *base, const char *path, int len_max, char *ret)
{
    (void)base;
    return snprintf(ret, (size_t)len_max, "%s", path) < len_max ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int vfs_randomness(sqlite3_vfs *base, int len, char *ret)
{
    es_sim_bytes(&vfs_of(base)->random, ret, (size_t)len);
    return len;
}

/* Whoever would be waited for runs on the same thread. */
static int vfs_sleep(sqlite3_vfs *base, int microseconds)
{
    (void)base;
    return microseconds;
}

static int vfs_current_time(sqlite3_vfs *base, double *ret)
{
    (void)base;
    *ret = JULIAN_DAY;
    return SQLITE_OK;
}

static int vfs_last_error(sqlite3_vfs *base, int len, char *ret)
{
    (void)base;
    (void)len;
    (void)ret;
    return 0;
}

void es_sim_vfs_init(struct es_sim_vfs *vfs, struct es_sim_rng random)
{
    static unsigned n_made;

    *vfs = (struct es_sim_vfs){.random = random};
    snprintf(vfs->name, sizeof(vfs->name), "earshot-sim-%u", n_made++);
    vfs->base = (sqlite3_vfs){
        .iVersion = 1,
        .szOsFile = (int)sizeof(struct open_file),
        .mxPathname = PATH_BYTES_MAX,
        .zName = vfs->name,
        .pAppData = vfs,
        .xOpen = vfs_open,
        .xDelete = vfs_delete,
        .xAccess = vfs_access,
        .xFullPathname = vfs_full_path,
        .xRandomness = vfs_randomness,
        .xSleep = vfs_sleep,
        .xCurrentTime = vfs_current_time,
        .xGetLastError = vfs_last_error,
    };
    sqlite3_vfs_register(&vfs->base, 0);
}

void es_sim_vfs_done(struct es_sim_vfs *vfs)
{
    sqlite3_vfs_unregister(&vfs->base);
    for (size_t i = 0; i < ES_SIM_DISK_FILES; i++)
        es_sim_file_done(&vfs->files[i]);
}

/* The generator takes its seed from the default VFS when it has none. */
void es_sim_vfs_select(struct es_sim_vfs *vfs)
{
    sqlite3_vfs_register(&vfs->base, 1);
    sqlite3_randomness(0, NULL);
}

void es_sim_vfs_cut_power(struct es_sim_vfs *vfs, struct es_sim_rng *rng)
{
    assert(vfs->n_shared == 0);
    for (size_t i = 0; i < ES_SIM_DISK_FILES; i++) {
        struct es_sim_buffer left = es_sim_file_after_cut(&vfs->files[i], rng);

        es_sim_file_set(&vfs->files[i], es_slice(left.bytes, left.len));
        free(left.bytes);
    }
}
