/* SPDX-License-Identifier: ISC */
/* vault_pages.c - the database file: one header, then sealed pages of the size that SQLite uses.
 *
 * SQLite leaves the last ES_VAULT_RESERVED_BYTES of each page alone; on disk they hold mac and
 * nonce. It must read them as the zeros that it wrote, or its log checksums would not fit. */
#include "node/store/vault_file.h"

#include <string.h>

#include "node/store/vault_seal.h"

#define PLAIN_BYTES (ES_VAULT_PAGE_BYTES - ES_VAULT_RESERVED_BYTES)

/* SQLite looks at the start of the database before it looks at the log. */
#define PEEK_BYTES_MAX 100

static struct es_vault_place place_of(const struct es_vault_file *file, uint64_t page)
{
    return (struct es_vault_place){
        .vault = file->vault->id, .kind = ES_VAULT_PAGE, .number = page + 1};
}

/* A page that is not there whole is as bad as one that does not open: SQLite would take zeros. */
static int read_page(struct es_vault_file *file, uint64_t page, uint8_t *ret)
{
    struct es_vault_place place = place_of(file, page);
    int rc = es_vault_disk_read(file, file->slot, sizeof(file->slot),
                                ES_VAULT_HEADER_BYTES + page * ES_VAULT_PAGE_BYTES);

    memset(ret + PLAIN_BYTES, 0, ES_VAULT_RESERVED_BYTES);
    if (rc == SQLITE_OK &&
        es_vault_unseal(&file->vault->keys->vault, &place, ES_SLICE_OF(file->slot), ret))
        return SQLITE_OK;
    memset(ret, 0, PLAIN_BYTES);
    return rc == SQLITE_OK || rc == SQLITE_IOERR_SHORT_READ ? SQLITE_IOERR_DATA : rc;
}

/* A power cut may have torn the first page while the log was copied into the database. Then the
 * log still has it, but SQLite peeks at the file before it knows. What it sees is an empty file's
 * answer; the page itself is asked for later, and there an error is an error. */
static int peek(struct es_vault_file *file, void *buf, size_t len, size_t offset)
{
    uint8_t plain[ES_VAULT_PAGE_BYTES];
    int rc = read_page(file, 0, plain);

    if (rc != SQLITE_OK && rc != SQLITE_IOERR_DATA)
        return rc;
    memcpy(buf, plain + offset, len);
    es_wipe(plain, sizeof(plain));
    return rc == SQLITE_OK ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int pages_read(sqlite3_file *base, void *buf, int len, sqlite3_int64 offset)
{
    struct es_vault_file *file = es_vault_file(base);

    if (len == ES_VAULT_PAGE_BYTES && offset % ES_VAULT_PAGE_BYTES == 0)
        return read_page(file, (uint64_t)offset / ES_VAULT_PAGE_BYTES, buf);
    if (offset + len <= PEEK_BYTES_MAX)
        return peek(file, buf, (size_t)len, (size_t)offset);
    return SQLITE_IOERR_READ;
}

static int pages_write(sqlite3_file *base, const void *bytes, int len, sqlite3_int64 offset)
{
    static const uint8_t zeros[ES_VAULT_RESERVED_BYTES];
    struct es_vault_file *file = es_vault_file(base);
    struct es_vault_place place = place_of(file, (uint64_t)offset / ES_VAULT_PAGE_BYTES);

    if (len != ES_VAULT_PAGE_BYTES || offset % ES_VAULT_PAGE_BYTES != 0 ||
        memcmp((const uint8_t *)bytes + PLAIN_BYTES, zeros, sizeof(zeros)) != 0)
        return SQLITE_IOERR_WRITE;
    es_vault_seal(&file->vault->keys->vault, file->vault->entropy, &place,
                  es_slice(bytes, PLAIN_BYTES), file->slot);
    return es_vault_disk_write(file, file->slot, sizeof(file->slot),
                               ES_VAULT_HEADER_BYTES + (uint64_t)offset);
}

static int pages_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    sqlite3_file *below = es_vault_below(es_vault_file(base));

    return below->pMethods->xTruncate(below, ES_VAULT_HEADER_BYTES + size);
}

static int pages_size(sqlite3_file *base, sqlite3_int64 *ret)
{
    sqlite3_file *below = es_vault_below(es_vault_file(base));
    sqlite3_int64 size;
    int rc = below->pMethods->xFileSize(below, &size);

    if (rc != SQLITE_OK)
        return rc;
    *ret = size < ES_VAULT_HEADER_BYTES ? 0 : size - ES_VAULT_HEADER_BYTES;
    return SQLITE_OK;
}

static int shm_map(sqlite3_file *base, int region, int size, int extend, void volatile **ret)
{
    struct es_vault_file *file = es_vault_file(base);

    return es_vault_shm_map(&file->vault->shm, &file->shm_user, region, size, extend != 0, ret);
}

static int shm_lock(sqlite3_file *base, int first, int n, int flags)
{
    struct es_vault_file *file = es_vault_file(base);

    return es_vault_shm_lock(&file->vault->shm, &file->shm_user, first, n, flags);
}

static void shm_barrier(sqlite3_file *base)
{
    es_vault_shm_barrier(&es_vault_file(base)->vault->shm);
}

static int shm_unmap(sqlite3_file *base, int erase)
{
    struct es_vault_file *file = es_vault_file(base);

    (void)erase; /* there is no file to erase */
    es_vault_shm_unmap(&file->vault->shm, &file->shm_user);
    return SQLITE_OK;
}

/* Version 2: with a wal-index, without mapped pages. */
const sqlite3_io_methods es_vault_page_methods = {
    .iVersion = 2,
    .xClose = es_vault_file_close,
    .xRead = pages_read,
    .xWrite = pages_write,
    .xTruncate = pages_truncate,
    .xSync = es_vault_file_sync,
    .xFileSize = pages_size,
    .xLock = es_vault_file_lock,
    .xUnlock = es_vault_file_unlock,
    .xCheckReservedLock = es_vault_file_check_lock,
    .xFileControl = es_vault_file_control,
    .xSectorSize = es_vault_file_sector_size,
    .xDeviceCharacteristics = es_vault_file_characteristics,
    .xShmMap = shm_map,
    .xShmLock = shm_lock,
    .xShmBarrier = shm_barrier,
    .xShmUnmap = shm_unmap,
};
