/* SPDX-License-Identifier: ISC */
/* vault_wal.c - the log: sealing and opening its pieces, generations, erasing truncation. */
#include "node/store/vault_wal.h"

#include <string.h>

#include "node/store/vault_file.h"

#define PAGE_PLAIN_BYTES (ES_VAULT_PAGE_BYTES - ES_VAULT_RESERVED_BYTES)
#define SALTS_AT 16

struct es_wal_piece es_wal_piece_at(uint64_t offset)
{
    struct es_wal_piece piece = {
        .kind = ES_VAULT_WAL_HEAD, .len = ES_WAL_HEAD_BYTES, .disk_len = ES_WAL_HEAD_SLOT_BYTES};
    uint64_t index;

    if (offset < ES_WAL_HEAD_BYTES)
        return piece;
    index = (offset - ES_WAL_HEAD_BYTES) / ES_WAL_FRAME_BYTES;
    piece.kind = ES_VAULT_FRAME_HEAD;
    piece.frame = index + 1;
    piece.start = ES_WAL_HEAD_BYTES + index * ES_WAL_FRAME_BYTES;
    piece.len = ES_WAL_FRAME_HEAD_BYTES;
    piece.disk_start = ES_WAL_HEAD_SLOT_BYTES + index * ES_WAL_FRAME_SLOTS_BYTES;
    piece.disk_len = ES_WAL_FRAME_HEAD_SLOT_BYTES;
    if (offset < piece.start + piece.len)
        return piece;
    piece.kind = ES_VAULT_FRAME_PAGE;
    piece.start += ES_WAL_FRAME_HEAD_BYTES;
    piece.len = ES_VAULT_PAGE_BYTES;
    piece.disk_start += ES_WAL_FRAME_HEAD_SLOT_BYTES;
    piece.disk_len = ES_VAULT_PAGE_BYTES;
    return piece;
}

uint64_t es_wal_len(uint64_t disk_len)
{
    uint64_t frames;

    if (disk_len < ES_WAL_HEAD_SLOT_BYTES)
        return 0;
    frames = (disk_len - ES_WAL_HEAD_SLOT_BYTES) / ES_WAL_FRAME_SLOTS_BYTES;
    return ES_WAL_HEAD_BYTES + frames * ES_WAL_FRAME_BYTES;
}

uint64_t es_wal_disk_len(uint64_t len)
{
    struct es_wal_piece last;

    if (len == 0)
        return 0;
    last = es_wal_piece_at(len - 1);
    return last.disk_start + last.disk_len;
}

/* A copy of the present generation's key, so that no lock is held while the disk works. */
static bool copy_generation(struct es_vault *vault, struct es_key *ret_key, uint64_t *ret_salts)
{
    bool known;

    pthread_mutex_lock(&vault->log.mutex);
    known = vault->log.known;
    *ret_key = vault->keys->log;
    *ret_salts = vault->log.salts;
    pthread_mutex_unlock(&vault->log.mutex);
    return known;
}

static void set_generation(struct es_vault *vault, const struct es_key *key, const uint8_t *head)
{
    pthread_mutex_lock(&vault->log.mutex);
    vault->log.known = true;
    vault->keys->log = *key;
    memcpy(&vault->log.salts, head + SALTS_AT, sizeof(vault->log.salts));
    pthread_mutex_unlock(&vault->log.mutex);
}

static void forget_generation(struct es_vault *vault)
{
    pthread_mutex_lock(&vault->log.mutex);
    vault->log.known = false;
    es_wipe(&vault->keys->log, sizeof(vault->keys->log));
    pthread_mutex_unlock(&vault->log.mutex);
}

static struct es_vault_place place_of(const struct es_vault_file *file,
                                      const struct es_wal_piece *piece, uint64_t salts)
{
    return (struct es_vault_place){
        .vault = file->vault->id, .kind = piece->kind, .salts = salts, .number = piece->frame};
}

static int write_head(struct es_vault_file *file, const struct es_wal_piece *piece,
                      const uint8_t *head)
{
    struct es_vault *vault = file->vault;
    struct es_vault_place place = place_of(file, piece, 0);
    uint8_t plain[ES_KEY_BYTES + ES_WAL_HEAD_BYTES];
    struct es_key key;
    int rc;

    vault->entropy->random(vault->entropy->ctx, key.bytes, sizeof(key.bytes));
    memcpy(plain, key.bytes, sizeof(key.bytes));
    memcpy(plain + sizeof(key.bytes), head, ES_WAL_HEAD_BYTES);
    es_vault_seal(&vault->keys->vault, vault->entropy, &place, ES_SLICE_OF(plain), file->slot);
    forget_generation(vault);
    rc = es_vault_disk_write(file, file->slot, piece->disk_len, piece->disk_start);
    if (rc == SQLITE_OK)
        set_generation(vault, &key, head);
    es_wipe(plain, sizeof(plain));
    es_wipe(&key, sizeof(key));
    return rc;
}

/* Reading the header is how SQLite begins to recover a log, and how its key becomes known. */
static bool open_head(struct es_vault_file *file, const struct es_wal_piece *piece, uint8_t *ret)
{
    struct es_vault_place place = place_of(file, piece, 0);
    uint8_t plain[ES_KEY_BYTES + ES_WAL_HEAD_BYTES];
    struct es_key key;

    if (!es_vault_unseal(&file->vault->keys->vault, &place, es_slice(file->slot, piece->disk_len),
                         plain))
        return false;
    memcpy(key.bytes, plain, sizeof(key.bytes));
    memcpy(ret, plain + sizeof(key.bytes), ES_WAL_HEAD_BYTES);
    set_generation(file->vault, &key, ret);
    es_wipe(plain, sizeof(plain));
    es_wipe(&key, sizeof(key));
    return true;
}

static bool open_frame_piece(struct es_vault_file *file, const struct es_wal_piece *piece,
                             uint8_t *ret)
{
    struct es_key key;
    uint64_t salts;
    bool opened = false;

    if (copy_generation(file->vault, &key, &salts)) {
        struct es_vault_place place = place_of(file, piece, salts);

        opened = es_vault_unseal(&key, &place, es_slice(file->slot, piece->disk_len), ret);
    }
    es_wipe(&key, sizeof(key));
    return opened;
}

/* One whole piece. A slot that does not open gives zeros and SQLITE_IOERR_DATA. */
static int read_piece(struct es_vault_file *file, const struct es_wal_piece *piece, uint8_t *ret)
{
    int rc = es_vault_disk_read(file, file->slot, piece->disk_len, piece->disk_start);
    bool opened = false;

    memset(ret, 0, piece->len);
    if (rc == SQLITE_IOERR_SHORT_READ)
        return SQLITE_IOERR_DATA;
    if (rc != SQLITE_OK)
        return rc;
    if (piece->kind == ES_VAULT_WAL_HEAD)
        opened = open_head(file, piece, ret);
    else
        opened = open_frame_piece(file, piece, ret);
    return opened ? SQLITE_OK : SQLITE_IOERR_DATA;
}

/* SQLite reads the log's header and whole frames only to find out where the log ends. Where a slot
 * was torn by a power cut it must see what it sees in any torn frame: bytes that are none. All
 * other reads are of frames that it has found whole before. */
static bool looks_for_end(sqlite3_int64 offset, int len)
{
    struct es_wal_piece piece = es_wal_piece_at((uint64_t)offset);

    return piece.start == (uint64_t)offset &&
           (piece.kind == ES_VAULT_WAL_HEAD || len == ES_WAL_FRAME_BYTES);
}

/* The bytes from..end of one piece. */
static int read_part(struct es_vault_file *file, const struct es_wal_piece *piece, uint64_t from,
                     uint64_t end, uint8_t *ret)
{
    uint8_t plain[ES_VAULT_PAGE_BYTES]; /* the longest piece */
    int rc;

    if (from == piece->start && end == piece->start + piece->len)
        return read_piece(file, piece, ret);
    rc = read_piece(file, piece, plain);
    memcpy(ret, plain + (from - piece->start), (size_t)(end - from));
    es_wipe(plain, sizeof(plain));
    return rc;
}

static int wal_read(sqlite3_file *base, void *buf, int len, sqlite3_int64 offset)
{
    struct es_vault_file *file = es_vault_file(base);
    uint8_t *at = buf;
    uint64_t from = (uint64_t)offset;
    uint64_t end = from + (uint64_t)len;
    int rc = SQLITE_OK;

    memset(buf, 0, (size_t)len);
    while (from < end && rc == SQLITE_OK) {
        struct es_wal_piece piece = es_wal_piece_at(from);
        uint64_t piece_end = piece.start + piece.len;
        uint64_t part_end = piece_end < end ? piece_end : end;

        rc = read_part(file, &piece, from, part_end, at);
        at += part_end - from;
        from = part_end;
    }
    return rc == SQLITE_IOERR_DATA && looks_for_end(offset, len) ? SQLITE_OK : rc;
}

static int write_frame_piece(struct es_vault_file *file, const struct es_wal_piece *piece,
                             const uint8_t *bytes)
{
    static const uint8_t zeros[ES_VAULT_RESERVED_BYTES];
    size_t plain_len = piece->disk_len - ES_VAULT_SEAL_BYTES;
    struct es_vault_place place;
    struct es_key key;
    uint64_t salts;

    if (memcmp(bytes + plain_len, zeros, piece->len - plain_len) != 0)
        return SQLITE_IOERR_WRITE;
    if (!copy_generation(file->vault, &key, &salts))
        return SQLITE_IOERR_WRITE;
    place = place_of(file, piece, salts);
    es_vault_seal(&key, file->vault->entropy, &place, es_slice(bytes, plain_len), file->slot);
    es_wipe(&key, sizeof(key));
    return es_vault_disk_write(file, file->slot, piece->disk_len, piece->disk_start);
}

/* SQLite writes piece by piece. Anything else would mean to write a part of a sealed slot. */
static int wal_write(sqlite3_file *base, const void *bytes, int len, sqlite3_int64 offset)
{
    struct es_vault_file *file = es_vault_file(base);
    struct es_wal_piece piece = es_wal_piece_at((uint64_t)offset);

    if (piece.start != (uint64_t)offset || piece.len != (size_t)len)
        return SQLITE_IOERR_WRITE;
    if (piece.kind == ES_VAULT_WAL_HEAD)
        return write_head(file, &piece, bytes);
    return write_frame_piece(file, &piece, bytes);
}

/* Zeros from..end, synced. */
static int overwrite(struct es_vault_file *file, uint64_t from, uint64_t end)
{
    sqlite3_file *below = es_vault_below(file);
    int rc = SQLITE_OK;

    memset(file->slot, 0, sizeof(file->slot));
    for (uint64_t at = from; rc == SQLITE_OK && at < end; at += sizeof(file->slot)) {
        size_t n = end - at < sizeof(file->slot) ? (size_t)(end - at) : sizeof(file->slot);

        rc = es_vault_disk_write(file, file->slot, n, at);
    }
    return rc == SQLITE_OK ? below->pMethods->xSync(below, SQLITE_SYNC_NORMAL) : rc;
}

/* Overwrites what is cut off before the file gives up its blocks. A whole log goes from its header on:
 * without it there is no log. Were its first frames the last to go, a power cut could leave them
 * alone, and they would bring back pages that are older than the rest of the database. */
static int wal_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    struct es_vault_file *file = es_vault_file(base);
    sqlite3_file *below = es_vault_below(file);
    uint64_t keep = es_wal_disk_len((uint64_t)size);
    sqlite3_int64 disk_len;
    int rc = below->pMethods->xFileSize(below, &disk_len);

    if (size == 0)
        forget_generation(file->vault);
    if (rc == SQLITE_OK && size == 0 && disk_len > ES_WAL_HEAD_SLOT_BYTES)
        rc = overwrite(file, 0, ES_WAL_HEAD_SLOT_BYTES);
    if (rc == SQLITE_OK)
        rc = overwrite(file, keep, (uint64_t)disk_len);
    if (rc == SQLITE_OK)
        rc = below->pMethods->xTruncate(below, (sqlite3_int64)keep);
    return rc;
}

static int wal_size(sqlite3_file *base, sqlite3_int64 *ret)
{
    sqlite3_file *below = es_vault_below(es_vault_file(base));
    sqlite3_int64 disk_len;
    int rc = below->pMethods->xFileSize(below, &disk_len);

    if (rc == SQLITE_OK)
        *ret = (sqlite3_int64)es_wal_len((uint64_t)disk_len);
    return rc;
}

const sqlite3_io_methods es_vault_wal_methods = {
    .iVersion = 1,
    .xClose = es_vault_file_close,
    .xRead = wal_read,
    .xWrite = wal_write,
    .xTruncate = wal_truncate,
    .xSync = es_vault_file_sync,
    .xFileSize = wal_size,
    .xLock = es_vault_file_lock,
    .xUnlock = es_vault_file_unlock,
    .xCheckReservedLock = es_vault_file_check_lock,
    .xFileControl = es_vault_file_control,
    .xSectorSize = es_vault_file_sector_size,
    .xDeviceCharacteristics = es_vault_file_characteristics,
};
