/* SPDX-License-Identifier: ISC */
/* error.c - texts of the store's errors. */
#include "node/store/error.h"

#include <assert.h>
#include <errno.h>

static const char *const error_texts[] = {
#define ERROR_TEXT(name, text) [ES_STORE_##name] = text,
    ES_STORE_ERRORS(ERROR_TEXT)
#undef ERROR_TEXT
};
_Static_assert(sizeof(error_texts) / sizeof(error_texts[0]) == ES_STORE_ERR_END, "a text for each");

const char *es_store_err_text(enum es_store_err err)
{
    assert(err < ES_STORE_ERR_END);
    return error_texts[err];
}

enum es_store_err es_store_err_from_errno(int error)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
        return ES_STORE_ABSENT;
    case EEXIST:
        return ES_STORE_EXISTS;
    case EWOULDBLOCK:
        return ES_STORE_IN_USE;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return ES_STORE_FULL;
    case ENOMEM:
        return ES_STORE_MEMORY;
    default:
        return ES_STORE_IO;
    }
}
