/* SPDX-License-Identifier: ISC */
/* control.h - what both ends of the control socket rely on (docs/api.md): where it is, and limits. */
#ifndef ES_ENV_CONTROL_H
#define ES_ENV_CONTROL_H

struct sockaddr_un;

/* A request with its newline. */
#define ES_CONTROL_LINE_BYTES_MAX (64u << 10)
/* A longer list comes in pages. */
#define ES_CONTROL_PAGE_ROWS_MAX 256
/* A day is long enough to be forgotten. */
#define ES_VISIBLE_MS_MAX (24ull * 60 * 60 * 1000)

/* The address of the socket at path. It has room for 107 bytes; a longer path is reached through its
 * folder, which the kernel shows under a short name while *ret_folder is open: the caller closes it
 * when it is not -1. 0 or a negative errno. */
int es_control_address(const char *path, struct sockaddr_un *ret, int *ret_folder);

#endif
