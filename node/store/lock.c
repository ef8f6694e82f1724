/* SPDX-License-Identifier: ISC */
/* lock.c - the lock file beside a database. */
#include "node/store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "node/store/file.h"

enum es_store_err es_store_lock(const char *path, int *ret_fd)
{
    char lock_path[ES_STORE_PATH_BYTES_MAX];
    enum es_store_err err = es_file_path(path, "-lock", lock_path);
    int fd;

    if (err != ES_STORE_OK)
        return err;
    fd = open(lock_path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return es_store_err_from_errno(errno);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        err = es_store_err_from_errno(errno);
        close(fd);
        return err;
    }
    *ret_fd = fd;
    return ES_STORE_OK;
}
