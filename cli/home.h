/* SPDX-License-Identifier: ISC */
/* home.h - where a node lives: everything in one folder that was given, or the XDG folders. */
#ifndef ES_CLI_HOME_H
#define ES_CLI_HOME_H

/* Absolute paths, owned. */
struct es_home {
    char *given;  /* what earshotd is told; NULL: the XDG folders */
    char *data;   /* the folder of the database                   */
    char *config; /* earshot.conf                                 */
    char *socket; /* control.sock: may exceed what an address of a socket holds */
    char *log;    /* what earshotd writes when it runs in the background        */
};

/* folder: --home, or NULL, then EARSHOT_HOME counts, then the XDG folders. profile: a home of its
 * own inside that home, or NULL. 0; -EINVAL: no name for a profile; -ENOENT: neither a home nor
 * HOME is set; -ENOMEM. On failure *ret is empty. */
int es_home_init(struct es_home *ret, const char *folder, const char *profile);
/* Makes the folders above a path that are missing, for their owner alone. 0 or a negative errno. */
int es_home_make_above(const char *path);

void es_home_done(struct es_home *home);

#endif
