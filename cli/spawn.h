/* SPDX-License-Identifier: ISC */
/* spawn.h - runs programs, mostly earshotd: to ask something, in the background, in one's place.
 *
 * The child gets the descriptors named here and no other one of the caller's. Secrets travel by
 * descriptor, never by argument or environment. */
#ifndef ES_CLI_SPAWN_H
#define ES_CLI_SPAWN_H

#include <stdint.h>

#include "cli/home.h"

/* An installed program: $VARIABLE, beside this program, in ../node/, in libexec. malloc'd absolute
 * path; NULL when there is none. */
char *es_program_find(const char *name, const char *variable);

struct es_program {
    const char *path;
    const struct es_home *home; /* as earshotd is told it; NULL: not at all          */
    int passphrase_fd;          /* becomes --passphrase-fd; -1: none; stays open here */
};

struct es_program_output {
    int status; /* exit code; 128 and more: killed by that signal */
    char *out;  /* malloc'd texts                                  */
    char *err;
};

/* Runs it with these further arguments until it ends, at most ES_PROGRAM_ARGS_MAX. 0 or a negative
 * errno. */
#define ES_PROGRAM_ARGS_MAX 8
int es_program_run(const struct es_program *program, const char *const *args,
                   struct es_program_output *ret);
void es_program_output_done(struct es_program_output *output);

/* Starts it in the background, its messages at the end of the file log. 0 when its socket answers.
 * -ECHILD when it ended instead: then *ret_err is what it said, malloc'd. -ETIMEDOUT. Else a
 * negative errno. */
int es_program_start(const struct es_program *program, const char *log, int64_t deadline_ms,
                     char **ret_err);

/* Becomes it. Returns a negative errno when that fails. */
int es_program_become(const struct es_program *program);

#endif
