/* SPDX-License-Identifier: ISC */
/* terminal.h - questions to the person at the keyboard, and keys one by one.
 *
 * However the program ends, by a signal too, the terminal is left as it was found. */
#ifndef ES_CLI_TERMINAL_H
#define ES_CLI_TERMINAL_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "cli/render.h"

/* A line from the standard input without its end, malloc'd; NULL at the end of the input. */
char *es_ask_line(struct es_out *out, const char *question);

/* Yes or no; what an empty answer means is shown in capitals. The end of the input means no. */
bool es_ask_yes(struct es_out *out, bool empty_means, const char *question);

/* The same as a line, but nobody sees what is typed. False at the end of the input or when it does
 * not fit. The caller wipes it. */
bool es_ask_secret(struct es_out *out, const char *question, char *ret, size_t cap);

/* Keys come one by one and are not shown, until es_terminal_restore(). False when the standard
 * input is no terminal. */
bool es_terminal_keys(void);
void es_terminal_restore(void);

/* poll(), which a change of the window's size interrupts while keys come one by one. */
int es_terminal_poll(struct pollfd *pfds, nfds_t n, int timeout_ms);

/* Columns of the terminal on the standard output; 80 when it does not say. */
int es_terminal_columns(void);

#endif
