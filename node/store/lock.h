/* SPDX-License-Identifier: ISC */
/* lock.h - one process at a time: the vault's wal-index lives in the memory of its user.
 *
 * The lock is a file of its own beside the database. Opening and closing the database itself here
 * would release SQLite's own locks (all POSIX locks of a process go with any descriptor). The file
 * stays when the lock goes: removing it would let two processes lock two files of one name. */
#ifndef ES_STORE_LOCK_H
#define ES_STORE_LOCK_H

#include "node/store/error.h"

/* Locks the database at path, which need not exist, until the descriptor is closed.
 * ES_STORE_IN_USE when somebody has it, this process included. */
enum es_store_err es_store_lock(const char *path, int *ret_fd);

#endif
