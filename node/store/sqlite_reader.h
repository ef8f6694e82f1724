/* SPDX-License-Identifier: ISC */
/* sqlite_reader.h - reading the store on a connection of its own. */
#ifndef ES_STORE_SQLITE_READER_H
#define ES_STORE_SQLITE_READER_H

#include "node/env/store.h"

/* vfs NULL: the default. NULL on failure, with errno set. */
struct es_store_reader *es_sqlite_reader_new(const char *path, const char *vfs);

#endif
