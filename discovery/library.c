/* SPDX-License-Identifier: ISC */
/* library.c - a shared library that is loaded when it is needed. */
#include "discovery/library.h"

#include <dlfcn.h>
#include <string.h>

bool es_library_load(const char *file, const char *const *names, size_t n, void *ret_functions)
{
    void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    bool found = library != NULL;

    for (size_t i = 0; found && i < n; i++)
        found = dlsym(library, names[i]) != NULL;
    for (size_t i = 0; found && i < n; i++) {
        void *function = dlsym(library, names[i]);
        memcpy((char *)ret_functions + i * sizeof(function), &function, sizeof(function));
    }
    if (library)
        (void)dlclose(library); /* its count only: it is not unloaded */
    return found;
}
