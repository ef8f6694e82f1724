/* SPDX-License-Identifier: ISC */
/* disk_vfs.c - the disk under a store, with its faults. One thread at a time. */
#include "tests/support/disk_vfs.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/store_home.h"
#include "tests/support/store_rows.h"

#define FILES_MAX 8
#define SECTOR_BYTES 512
#define PATH_BYTES_MAX 256

struct change {
    struct change *next;
    bool truncate; /* to offset */
    uint64_t offset;
    size_t len;
    uint8_t bytes[];
};

struct buffer {
    uint8_t *bytes;
    size_t len;
    size_t cap;
};

/* What stands on the disk for certain, and what happened since. */
struct image {
    char path[PATH_BYTES_MAX];
    struct buffer durable;
    struct change *first;
    struct change **last;
};

struct disk_file {
    sqlite3_file base;
    struct image *image;
    sqlite3_file *below;
};

struct disk_plan disk_plan;
static uint64_t n_operations;
static struct image images[FILES_MAX];
static size_t n_images;
static sqlite3_vfs disk_vfs;
static sqlite3_vfs *vfs_below;

/* --- Images ------------------------------------------------------------------------------------ */

static void forget_changes(struct image *image)
{
    while (image->first != NULL) {
        struct change *change = image->first;

        image->first = change->next;
        free(change);
    }
    image->last = &image->first;
}

static struct image *image_of(const char *path)
{
    struct image *image;

    for (size_t i = 0; i < n_images; i++)
        if (strcmp(images[i].path, path) == 0)
            return &images[i];
    assert(n_images < FILES_MAX && strlen(path) < PATH_BYTES_MAX);
    image = &images[n_images++];
    memset(image, 0, sizeof(*image));
    memcpy(image->path, path, strlen(path) + 1);
    image->durable.bytes = store_read_file(path, &image->durable.len);
    image->durable.cap = image->durable.len;
    image->last = &image->first;
    return image;
}

static void remember(struct image *image, bool truncate, const void *bytes, size_t len,
                     uint64_t offset)
{
    struct change *change = malloc(sizeof(*change) + len);

    assert(change != NULL);
    change->next = NULL;
    change->truncate = truncate;
    change->offset = offset;
    change->len = len;
    if (len > 0)
        memcpy(change->bytes, bytes, len);
    *image->last = change;
    image->last = &change->next;
}

static void set_len(struct buffer *buffer, size_t len)
{
    if (len > buffer->cap) {
        buffer->cap = 2 * len;
        buffer->bytes = realloc(buffer->bytes, buffer->cap);
        assert(buffer->bytes != NULL);
    }
    if (len > buffer->len)
        memset(buffer->bytes + buffer->len, 0, len - buffer->len);
    buffer->len = len;
}

/* Each sector that the write touches reached the disk or did not. seed NULL: all did. */
static void apply(struct buffer *buffer, const struct change *change, uint64_t *seed)
{
    size_t at = 0;

    if (change->truncate) {
        if (seed == NULL || store_pick(seed, 2) == 0)
            set_len(buffer, (size_t)change->offset);
        return;
    }
    while (at < change->len) {
        size_t offset = (size_t)change->offset + at;
        size_t n = SECTOR_BYTES - offset % SECTOR_BYTES;

        if (n > change->len - at)
            n = change->len - at;
        if (seed == NULL || store_pick(seed, 3) != 0) {
            if (buffer->len < offset + n)
                set_len(buffer, offset + n);
            memcpy(buffer->bytes + offset, change->bytes + at, n);
        }
        at += n;
    }
}

static void apply_all(struct buffer *buffer, const struct image *image, uint64_t *seed)
{
    for (const struct change *change = image->first; change != NULL; change = change->next)
        apply(buffer, change, seed);
}

uint8_t *disk_vfs_after_power_cut(const char *path, uint64_t *seed, size_t *ret_len)
{
    const struct image *image = image_of(path);
    bool all_arrived = store_pick(seed, 4) == 0;
    struct buffer buffer = {NULL, 0, 0};

    set_len(&buffer, image->durable.len + 1); /* never NULL */
    memcpy(buffer.bytes, image->durable.bytes, image->durable.len);
    set_len(&buffer, image->durable.len);
    apply_all(&buffer, image, all_arrived ? NULL : seed);
    *ret_len = buffer.len;
    return buffer.bytes;
}

static void make_durable(struct image *image)
{
    apply_all(&image->durable, image, NULL);
    forget_changes(image);
}

/* --- Files ------------------------------------------------------------------------------------- */

static struct disk_file *file_of(sqlite3_file *base)
{
    return (struct disk_file *)base;
}

static sqlite3_file *below_of(sqlite3_file *base)
{
    return file_of(base)->below;
}

/* Counts an operation; true when it is one that fails. */
static bool operation_fails(void)
{
    if (disk_plan.on_change != NULL)
        disk_plan.on_change(disk_plan.ctx);
    n_operations++;
    if (disk_plan.fail_at == 0 || n_operations < disk_plan.fail_at)
        return false;
    return disk_plan.fail_on || n_operations == disk_plan.fail_at;
}

static int disk_write(sqlite3_file *base, const void *bytes, int len, sqlite3_int64 offset)
{
    sqlite3_file *below = below_of(base);
    struct image *image = file_of(base)->image;
    bool fails = operation_fails();
    int n = fails ? len / 2 : len;
    int rc;

    if (disk_plan.on_write != NULL)
        disk_plan.on_write(disk_plan.ctx, image->path, es_slice(bytes, (size_t)len),
                           (uint64_t)offset);
    rc = below->pMethods->xWrite(below, bytes, n, offset);
    remember(image, false, bytes, (size_t)n, (uint64_t)offset);
    if (fails)
        return disk_plan.full ? SQLITE_FULL : SQLITE_IOERR_WRITE;
    return rc;
}

static int disk_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    sqlite3_file *below = below_of(base);

    if (operation_fails())
        return SQLITE_IOERR_TRUNCATE;
    remember(file_of(base)->image, true, NULL, 0, (uint64_t)size);
    return below->pMethods->xTruncate(below, size);
}

static int disk_sync(sqlite3_file *base, int flags)
{
    (void)flags;
    if (operation_fails())
        return SQLITE_IOERR_FSYNC;
    make_durable(file_of(base)->image);
    return SQLITE_OK;
}

static int disk_close(sqlite3_file *base)
{
    sqlite3_file *below = below_of(base);

    return below->pMethods->xClose(below);
}

static int disk_read(sqlite3_file *base, void *buf, int len, sqlite3_int64 offset)
{
    sqlite3_file *below = below_of(base);

    return below->pMethods->xRead(below, buf, len, offset);
}

static int disk_size(sqlite3_file *base, sqlite3_int64 *ret)
{
    sqlite3_file *below = below_of(base);

    return below->pMethods->xFileSize(below, ret);
}

static int disk_lock(sqlite3_file *base, int level)
{
    sqlite3_file *below = below_of(base);

    return below->pMethods->xLock(below, level);
}

static int disk_unlock(sqlite3_file *base, int level)
{
    sqlite3_file *below = below_of(base);

    return below->pMethods->xUnlock(below, level);
}

static int disk_check_lock(sqlite3_file *base, int *ret)
{
    sqlite3_file *below = below_of(base);

    return below->pMethods->xCheckReservedLock(below, ret);
}

static int disk_control(sqlite3_file *base, int op, void *arg)
{
    sqlite3_file *below = below_of(base);

    return below->pMethods->xFileControl(below, op, arg);
}

static int disk_sector_size(sqlite3_file *base)
{
    (void)base;
    return SECTOR_BYTES;
}

static int disk_characteristics(sqlite3_file *base)
{
    (void)base;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static const sqlite3_io_methods disk_methods = {
    .iVersion = 1,
    .xClose = disk_close,
    .xRead = disk_read,
    .xWrite = disk_write,
    .xTruncate = disk_truncate,
    .xSync = disk_sync,
    .xFileSize = disk_size,
    .xLock = disk_lock,
    .xUnlock = disk_unlock,
    .xCheckReservedLock = disk_check_lock,
    .xFileControl = disk_control,
    .xSectorSize = disk_sector_size,
    .xDeviceCharacteristics = disk_characteristics,
};

static int disk_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags,
                     int *ret_flags)
{
    struct disk_file *file = file_of(base);
    struct image *image = image_of(name); /* as it was before it was made */
    int rc;

    (void)vfs;
    memset(file, 0, sizeof(*file));
    file->below = (sqlite3_file *)(file + 1);
    rc = vfs_below->xOpen(vfs_below, name, file->below, flags, ret_flags);
    if (rc != SQLITE_OK)
        return rc;
    file->image = image;
    base->pMethods = &disk_methods;
    return SQLITE_OK;
}

void disk_vfs_reset(void)
{
    if (vfs_below == NULL) {
        vfs_below = sqlite3_vfs_find(NULL);
        disk_vfs = *vfs_below;
        disk_vfs.zName = DISK_VFS;
        disk_vfs.szOsFile = (int)sizeof(struct disk_file) + vfs_below->szOsFile;
        disk_vfs.xOpen = disk_open;
        disk_vfs.pNext = NULL;
        sqlite3_vfs_register(&disk_vfs, 0);
    }
    memset(&disk_plan, 0, sizeof(disk_plan));
    n_operations = 0;
    for (size_t i = 0; i < n_images; i++) {
        forget_changes(&images[i]);
        free(images[i].durable.bytes);
    }
    n_images = 0;
}

uint64_t disk_vfs_operations(void)
{
    return n_operations;
}
