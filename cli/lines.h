/* SPDX-License-Identifier: ISC */
/* lines.h - lines from a descriptor as they come, for loops that wait for something else too. */
#ifndef ES_CLI_LINES_H
#define ES_CLI_LINES_H

#include <stdbool.h>
#include <stddef.h>

/* A longer line is too long for a message however it is counted: it is skipped. */
#define ES_LINE_BYTES_MAX 65536

struct es_lines {
    int fd;
    bool ended;    /* nothing more comes          */
    bool skipping; /* inside a line that is too long */
    size_t at, len;
    char bytes[2 * ES_LINE_BYTES_MAX];
};

struct es_line {
    const char *text; /* borrowed until the next read, without its end (\n or \r\n) */
    size_t len;
    bool too_long; /* then text is its beginning */
};

void es_lines_init(struct es_lines *lines, int fd);

/* Reads what there is, once; waits when there is nothing. Every line that was whole has been taken
 * before. 0 or a negative errno. */
int es_lines_read(struct es_lines *lines);

/* The next line that is complete; at the end of the input also one without an end. */
bool es_lines_next(struct es_lines *lines, struct es_line *ret);

#endif
