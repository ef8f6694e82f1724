/* SPDX-License-Identifier: ISC */
/* inside.h - does a slice borrow from another? */
#ifndef ES_TESTS_INSIDE_H
#define ES_TESTS_INSIDE_H

#include <stdbool.h>

#include "node/wire/slice.h"

static inline bool is_inside(struct es_slice part, struct es_slice whole)
{
    return part.ptr >= whole.ptr && part.len <= whole.len &&
           (size_t)(part.ptr - whole.ptr) <= whole.len - part.len;
}

#endif
