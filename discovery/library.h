/* SPDX-License-Identifier: ISC */
/* library.h - a shared library that is loaded when it is needed, with its names to itself.
 *
 * libavahi-core and libavahi-client both export avahi_entry_group_free(), and call it by that name
 * from within: linked into one program, one of them calls the other's and dies. Loaded like this,
 * each finds its own first. Nor does the network process carry a D-Bus library that it seldom
 * needs. */
#ifndef ES_DISCOVERY_LIBRARY_H
#define ES_DISCOVERY_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

/* Fills ret_functions, an array of n function pointers of whatever types, with the functions of
 * these names. False, and nothing changed, when the library or one of them is missing. The library
 * stays loaded; calling again is cheap. */
bool es_library_load(const char *file, const char *const *names, size_t n, void *ret_functions);

#endif
