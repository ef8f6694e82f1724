/* SPDX-License-Identifier: ISC */
/* log.c - lines on stderr, which is a file when the node runs in the background. */
#include "node/daemon/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A log beyond this begins anew: it is for today's trouble, not for history. */
#define LOG_BYTES_MAX (1 << 20)

void es_log(const char *format, ...)
{
    char line[512], stamp[32];
    time_t now = time(NULL);
    struct tm utc;
    va_list args;

    gmtime_r(&now, &utc);
    strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &utc);
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    fprintf(stderr, "%s earshotd: %s\n", stamp, line);
}

void es_log_trim(void)
{
    struct stat st;

    if (fstat(STDERR_FILENO, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size < LOG_BYTES_MAX)
        return;
    if (ftruncate(STDERR_FILENO, 0) == 0)
        es_log("the log was over 1 MiB and begins anew");
}
