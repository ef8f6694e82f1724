/* SPDX-License-Identifier: ISC */
/* control.c - finds the control socket; linked into the client as well. */
#include "node/env/control.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

int es_control_address(const char *path, struct sockaddr_un *ret, int *ret_folder)
{
    const char *name = strrchr(path, '/');
    char folder[PATH_MAX];
    int fd, len;

    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    *ret_folder = -1;
    if (strlen(path) < sizeof(ret->sun_path)) {
        memcpy(ret->sun_path, path, strlen(path) + 1);
        return 0;
    }
    if (name == NULL || (size_t)(name - path) >= sizeof(folder))
        return -ENAMETOOLONG;
    memcpy(folder, path, (size_t)(name - path));
    folder[name - path] = '\0';
    fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    *ret_folder = fd;
    len = snprintf(ret->sun_path, sizeof(ret->sun_path), "/proc/self/fd/%d%s", fd, name);
    return len < (int)sizeof(ret->sun_path) ? 0 : -ENAMETOOLONG;
}
