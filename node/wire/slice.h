/* SPDX-License-Identifier: ISC */
/* slice.h - a borrowed run of bytes.
 *
 * A slice never owns what it points to; how long it stays valid is said where it is passed. */
#ifndef ES_WIRE_SLICE_H
#define ES_WIRE_SLICE_H

#include <stddef.h>
#include <stdint.h>

struct es_slice {
    const uint8_t *ptr;
    size_t len;
};

/* The whole of an array (not of a pointer) as a slice. */
#define ES_SLICE_OF(array) ((struct es_slice){(const uint8_t *)(array), sizeof(array)})

static inline struct es_slice es_slice(const void *ptr, size_t len)
{
    return (struct es_slice){(const uint8_t *)ptr, len};
}

#endif
