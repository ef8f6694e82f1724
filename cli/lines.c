/* SPDX-License-Identifier: ISC */
/* lines.c - a buffer of two lines, so that one of any allowed length is whole in it. */
#include "cli/lines.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

void es_lines_init(struct es_lines *lines, int fd)
{
    lines->fd = fd;
    lines->ended = false;
    lines->skipping = false;
    lines->at = 0;
    lines->len = 0;
}

/* Makes room. What has grown too long is cut: its beginning is enough to say which line it was. */
static void compact(struct es_lines *lines)
{
    lines->len -= lines->at;
    assert(memchr(lines->bytes + lines->at, '\n', lines->len) == NULL);
    memmove(lines->bytes, lines->bytes + lines->at, lines->len);
    lines->at = 0;
    if (lines->len > ES_LINE_BYTES_MAX) {
        lines->skipping = true;
        lines->len = ES_LINE_BYTES_MAX;
    }
}

int es_lines_read(struct es_lines *lines)
{
    compact(lines);
    ssize_t n = read(lines->fd, lines->bytes + lines->len, sizeof(lines->bytes) - lines->len);

    if (n < 0)
        return errno == EINTR || errno == EAGAIN ? 0 : -errno;
    lines->ended = n == 0;
    lines->len += (size_t)n;
    return 0;
}

bool es_lines_next(struct es_lines *lines, struct es_line *ret)
{
    char *begin = lines->bytes + lines->at;
    size_t left = lines->len - lines->at;
    const char *end = memchr(begin, '\n', left);

    if (end == NULL && (!lines->ended || left == 0))
        return false;
    size_t len = end != NULL ? (size_t)(end - begin) : left;

    lines->at += len + (end != NULL ? 1 : 0);
    ret->text = begin;
    ret->too_long = lines->skipping || len > ES_LINE_BYTES_MAX;
    ret->len = len;
    lines->skipping = false;
    if (len > 0 && begin[len - 1] == '\r')
        ret->len--;
    return true;
}
