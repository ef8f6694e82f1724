/* SPDX-License-Identifier: ISC */
/* error.h - why a store could not be made, opened or copied, and the text that people are shown. */
#ifndef ES_STORE_ERROR_H
#define ES_STORE_ERROR_H

#define ES_STORE_ERRORS(X)                                                                         \
    X(OK, "done")                                                                                  \
    X(ABSENT, "there is no database here")                                                         \
    X(EXISTS, "there is a database here already")                                                  \
    X(IN_USE, "another process uses the database")                                                 \
    X(FOREIGN, "this file is not an Earshot database")                                             \
    X(NEWER, "the database was written by a newer version of Earshot")                             \
    X(DAMAGED, "the database is damaged")                                                          \
    X(LOCKED, "the database is locked with a passphrase")                                          \
    X(WRONG_PASSPHRASE, "wrong passphrase")                                                        \
    X(NO_KEY_FILE, "the key file is missing")                                                      \
    X(KEY_FILE_MODE, "the key file must be a plain file of mode 0600 that belongs to you")         \
    X(WRONG_KEY_FILE, "the key file does not open this database")                                  \
    X(FULL, "the disk is full")                                                                    \
    X(MEMORY, "not enough memory")                                                                 \
    X(IO, "the disk could not be read or written")

enum es_store_err {
#define ES_STORE_ERROR_NAME(name, text) ES_STORE_##name,
    ES_STORE_ERRORS(ES_STORE_ERROR_NAME)
#undef ES_STORE_ERROR_NAME
        ES_STORE_ERR_END
};

/* One line without full stop; a constant. */
const char *es_store_err_text(enum es_store_err err);

/* The error that an errno of open(), read(), write() ... stands for. */
enum es_store_err es_store_err_from_errno(int error);

#endif
