/* SPDX-License-Identifier: ISC */
/* vault_file.c - what the database and its log pass on to the VFS below unchanged. */
#include "node/store/vault_file.h"

#include <errno.h>

int es_vault_disk_read(struct es_vault_file *file, void *buf, size_t len, uint64_t offset)
{
    sqlite3_file *below = es_vault_below(file);

    return below->pMethods->xRead(below, buf, (int)len, (sqlite3_int64)offset);
}

int es_vault_disk_write(struct es_vault_file *file, const void *bytes, size_t len, uint64_t offset)
{
    sqlite3_file *below = es_vault_below(file);
    int rc = below->pMethods->xWrite(below, bytes, (int)len, (sqlite3_int64)offset);
    int error = 0;

    if (rc != SQLITE_IOERR_WRITE)
        return rc;
    /* SQLite knows ENOSPC alone; a quota and a file size limit mean the same to people. */
    if (below->pMethods->xFileControl(below, SQLITE_FCNTL_LAST_ERRNO, &error) == SQLITE_OK &&
        es_store_err_from_errno(error) == ES_STORE_FULL)
        return SQLITE_FULL;
    return rc;
}

int es_vault_file_close(sqlite3_file *file)
{
    sqlite3_file *below = es_vault_below(es_vault_file(file));

    return below->pMethods->xClose(below);
}

int es_vault_file_sync(sqlite3_file *file, int flags)
{
    sqlite3_file *below = es_vault_below(es_vault_file(file));

    return below->pMethods->xSync(below, flags);
}

int es_vault_file_sector_size(sqlite3_file *file)
{
    sqlite3_file *below = es_vault_below(es_vault_file(file));

    return below->pMethods->xSectorSize(below);
}

/* Nothing is promised but what SQLite's own unix VFS promises too: bytes beside a write survive it.
 * With it SQLite writes whole frames and pads none. */
int es_vault_file_characteristics(sqlite3_file *file)
{
    (void)file;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

int es_vault_file_lock(sqlite3_file *file, int level)
{
    sqlite3_file *below = es_vault_below(es_vault_file(file));

    return below->pMethods->xLock(below, level);
}

int es_vault_file_unlock(sqlite3_file *file, int level)
{
    sqlite3_file *below = es_vault_below(es_vault_file(file));

    return below->pMethods->xUnlock(below, level);
}

int es_vault_file_check_lock(sqlite3_file *file, int *ret)
{
    sqlite3_file *below = es_vault_below(es_vault_file(file));

    return below->pMethods->xCheckReservedLock(below, ret);
}

/* Most of these are about sizes and mappings that hold for plain files only. */
int es_vault_file_control(sqlite3_file *file, int op, void *arg)
{
    sqlite3_file *below = es_vault_below(es_vault_file(file));

    if (op == SQLITE_FCNTL_PERSIST_WAL || op == SQLITE_FCNTL_LAST_ERRNO ||
        op == SQLITE_FCNTL_LOCKSTATE)
        return below->pMethods->xFileControl(below, op, arg);
    return SQLITE_NOTFOUND;
}
