/* SPDX-License-Identifier: ISC */
/* daemons.h - two running earshotd on loopback, contacts of each other, driven as a person drives
 * them: by the program earshot over their control sockets. */
#ifndef ES_BENCH_DAEMONS_H
#define ES_BENCH_DAEMONS_H

#include <stddef.h>
#include <sys/types.h>

struct bench_daemons {
    const char *earshot;
    char homes[2][256];
    pid_t pids[2];
};

/* The homes FOLDER/NAMEa and b; FOLDER exists. The programs are paths, borrowed until _done. */
void bench_daemons_init(struct bench_daemons *daemons, const char *folder, const char *name,
                        const char *earshot, const char *earshotd);
void bench_daemons_done(struct bench_daemons *daemons);
/* Messages a second from the first to the second: from the start of one `earshot send` that is
 * given all of them until the last is reported delivered. */
double bench_daemons_one_way(const struct bench_daemons *daemons, unsigned messages,
                             size_t text_bytes);
/* Says why and ends the program, and with it every daemon. */
_Noreturn void bench_fail(const char *what);
double bench_now_s(void);

#endif
