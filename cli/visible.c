/* SPDX-License-Identifier: ISC */
/* visible.c - the note "visible-until" in the data folder: one RFC 3339 time. */
#include "cli/visible.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/call.h"
#include "cli/instant.h"

static char *note_path(const struct es_cli *cli)
{
    char *path = NULL;

    if (asprintf(&path, "%s/visible-until", cli->home.data) < 0)
        abort();
    return path;
}

enum es_exit es_visible_later(struct es_cli *cli, uint64_t for_ms)
{
    char *path = note_path(cli);
    char until[ES_INSTANT_CHARS];
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    enum es_exit exit = ES_EXIT_DONE;

    es_instant_format(es_instant_now_ms() + (int64_t)for_ms, until);
    if (fd < 0 || write(fd, until, strlen(until)) != (ssize_t)strlen(until))
        exit = es_fail(cli, ES_EXIT_FAILED, "file", "make it visible: earshot visible on", "%s: %s",
                       path, strerror(errno));
    if (fd >= 0)
        close(fd);
    free(path);
    return exit;
}

/* Milliseconds left of what the note says; 0 when there is none, or it has passed. */
static int64_t left_ms(const char *path)
{
    char until[ES_INSTANT_CHARS] = "";
    int64_t until_ms = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return 0;
    ssize_t n = read(fd, until, sizeof(until) - 1);

    close(fd);
    if (n <= 0 || !es_instant_parse(until, &until_ms))
        return 0;
    int64_t left = until_ms - es_instant_now_ms();

    return left > 0 ? left : 0;
}

void es_visible_now(struct es_cli *cli)
{
    char *path = note_path(cli);
    int64_t for_ms = left_ms(path);

    /* Removed first: of two clients one tells it, and none repeats it later. */
    if (unlink(path) == 0 && for_ms > 0)
        json_decref(es_call_aside(cli, "visible", json_pack("{s:I}", "for_ms", (json_int_t)for_ms),
                                  cli->deadline_ms));
    free(path);
}
