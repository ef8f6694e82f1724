/* SPDX-License-Identifier: ISC */
/* log.h - what the daemon tells whoever runs it: starts, stops, trouble.
 *
 * Never contents, names, addresses or identities; there is no formatter for any of them. */
#ifndef ES_DAEMON_LOG_H
#define ES_DAEMON_LOG_H

/* One line with the time, to stderr. */
void es_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Keeps the log file that stderr writes to within bounds: to be called now and then. */
void es_log_trim(void);

#endif
