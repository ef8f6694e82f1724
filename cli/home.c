/* SPDX-License-Identifier: ISC */
/* home.c - --home, EARSHOT_HOME, then the XDG Base Directory Specification. */
#include "cli/home.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROFILE_BYTES_MAX 64

static const char *environment(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* A profile becomes a folder, so its name is one that needs no second look. */
static bool is_profile_name(const char *name)
{
    size_t len = strlen(name);

    if (len == 0 || len > PROFILE_BYTES_MAX || name[0] == '.' || name[0] == '-')
        return false;
    for (; *name != '\0'; name++) {
        if (!isalnum((unsigned char)*name) && strchr("._-", *name) == NULL)
            return false;
    }
    return true;
}

/* Replaces *io by the path of rest below it; NULL stays NULL. */
static void append(char **io, const char *rest)
{
    char *longer = NULL;

    if (*io != NULL && asprintf(&longer, "%s/%s", *io, rest) < 0)
        longer = NULL;
    free(*io);
    *io = longer;
}

static char *joined(const char *folder, const char *rest)
{
    char *path = strdup(folder);

    append(&path, rest);
    return path;
}

static char *absolute(const char *path)
{
    if (path[0] == '/')
        return strdup(path);
    char *folder = getcwd(NULL, 0);

    append(&folder, path);
    return folder;
}

static void init_in_folder(struct es_home *home)
{
    home->data = strdup(home->given);
    home->config = joined(home->given, "earshot.conf");
    home->socket = joined(home->given, "control.sock");
}

/* A relative path in one of these variables is to be ignored, says the specification. */
static char *xdg_folder(const char *variable, const char *below_home)
{
    const char *value = environment(variable);
    const char *home = environment("HOME");

    if (value != NULL && value[0] == '/')
        return joined(value, "earshot");
    if (home == NULL || below_home == NULL)
        return NULL;
    char *folder = joined(home, below_home);

    append(&folder, "earshot");
    return folder;
}

static int init_xdg(struct es_home *home)
{
    home->data = xdg_folder("XDG_DATA_HOME", ".local/share");
    home->config = xdg_folder("XDG_CONFIG_HOME", ".config");
    append(&home->config, "earshot.conf");
    home->socket = xdg_folder("XDG_RUNTIME_DIR", NULL);
    if (home->socket == NULL && home->data != NULL)
        home->socket = strdup(home->data);
    append(&home->socket, "control.sock");
    if (environment("HOME") == NULL && (home->data == NULL || home->config == NULL))
        return -ENOENT;
    return 0;
}

int es_home_init(struct es_home *ret, const char *folder, const char *profile)
{
    int rc = 0;

    memset(ret, 0, sizeof(*ret));
    if (profile != NULL && !is_profile_name(profile))
        return -EINVAL;
    if (folder == NULL)
        folder = environment("EARSHOT_HOME");
    if (folder != NULL) {
        ret->given = absolute(folder);
    } else if (profile != NULL) {
        ret->given = xdg_folder("XDG_DATA_HOME", ".local/share");
        rc = ret->given == NULL ? -ENOENT : 0;
    } else {
        rc = init_xdg(ret);
    }
    if (profile != NULL) {
        append(&ret->given, "profiles");
        append(&ret->given, profile);
    }
    if (ret->given != NULL)
        init_in_folder(ret);
    if (ret->data != NULL)
        ret->log = joined(ret->data, "earshotd.log");
    if (rc == 0 && (ret->log == NULL || ret->config == NULL || ret->socket == NULL))
        rc = -ENOMEM;
    if (rc != 0)
        es_home_done(ret);
    return rc;
}

int es_home_make_above(const char *path)
{
    char *folder = strdup(path);
    int rc = folder != NULL ? 0 : -ENOMEM;

    for (char *at = folder; rc == 0 && (at = strchr(at + 1, '/')) != NULL;) {
        *at = '\0';
        if (mkdir(folder, 0700) != 0 && errno != EEXIST)
            rc = -errno;
        *at = '/';
    }
    free(folder);
    return rc;
}

void es_home_done(struct es_home *home)
{
    free(home->given);
    free(home->data);
    free(home->config);
    free(home->socket);
    free(home->log);
    memset(home, 0, sizeof(*home));
}
