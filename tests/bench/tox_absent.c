/* SPDX-License-Identifier: ISC */
/* tox_absent.c - where libtoxcore is not installed. */
#include "tests/bench/tox.h"

double tox_one_way(size_t text_bytes)
{
    (void)text_bytes;
    return 0;
}
