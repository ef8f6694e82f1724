/* SPDX-License-Identifier: ISC */
/* file.c - file operations of the store beside SQLite. */
#include "node/store/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum es_store_err es_file_path(const char *path, const char *suffix,
                               char ret[static ES_STORE_PATH_BYTES_MAX])
{
    int len = snprintf(ret, ES_STORE_PATH_BYTES_MAX, "%s%s", path, suffix);

    return len > 0 && len < ES_STORE_PATH_BYTES_MAX ? ES_STORE_OK : ES_STORE_IO;
}

enum es_store_err es_file_read(int fd, uint8_t *buf, size_t cap, size_t *ret_len)
{
    size_t len = 0;

    while (len < cap) {
        ssize_t got = pread(fd, buf + len, cap - len, (off_t)len);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return ES_STORE_IO;
        if (got == 0)
            break;
        len += (size_t)got;
    }
    *ret_len = len;
    return ES_STORE_OK;
}

enum es_store_err es_file_write(int fd, uint64_t offset, struct es_slice bytes)
{
    size_t len = 0;

    while (len < bytes.len) {
        ssize_t put = pwrite(fd, bytes.ptr + len, bytes.len - len, (off_t)(offset + len));

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return es_store_err_from_errno(errno);
        len += (size_t)put;
    }
    return ES_STORE_OK;
}

static enum es_store_err write_new(const char *path, struct es_slice bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    enum es_store_err err;

    if (fd < 0)
        return es_store_err_from_errno(errno);
    err = es_file_write(fd, 0, bytes);
    if (err == ES_STORE_OK && fsync(fd) != 0)
        err = es_store_err_from_errno(errno);
    close(fd);
    return err;
}

enum es_store_err es_file_publish(const char *path, struct es_slice bytes)
{
    char beside[ES_STORE_PATH_BYTES_MAX];
    enum es_store_err err = es_file_path(path, ".tmp", beside);

    if (err != ES_STORE_OK)
        return err;
    unlink(beside); /* left by a run that was cut short */
    err = write_new(beside, bytes);
    if (err == ES_STORE_OK && rename(beside, path) != 0)
        err = es_store_err_from_errno(errno);
    if (err == ES_STORE_OK)
        return es_file_sync_folder(path);
    unlink(beside);
    return err;
}

enum es_store_err es_file_sync_folder(const char *path)
{
    char folder[ES_STORE_PATH_BYTES_MAX];
    enum es_store_err err = es_file_path(path, "", folder);
    char *slash = strrchr(folder, '/');
    int fd;

    if (err != ES_STORE_OK)
        return err;
    if (slash == NULL)
        memcpy(folder, ".", 2);
    else
        slash[slash == folder ? 1 : 0] = '\0';
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return es_store_err_from_errno(errno);
    if (fsync(fd) != 0)
        err = es_store_err_from_errno(errno);
    close(fd);
    return err;
}
