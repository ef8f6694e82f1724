/* SPDX-License-Identifier: ISC */
/* sanitize.h - text that somebody else wrote, made fit to be shown.
 *
 * Whatever comes in, what goes out is valid UTF-8 in which nothing steers a terminal, turns the
 * direction of what follows, is there without being seen, or is piled up over the lines above: such
 * characters become escapes that can be read ("\x1b", "\u202e"). Pure, but that the C library says
 * what has a width: LC_CTYPE is a UTF-8 locale. */
#ifndef ES_CLI_SANITIZE_H
#define ES_CLI_SANITIZE_H

#include <stddef.h>

#include "node/wire/utf8.h"

/* A result is at most this many times as long as its input. */
#define ES_SANITIZE_GROWTH 6

/* For a terminal. ret holds ES_SANITIZE_GROWTH * len + 1 bytes; returns the length without the
 * NUL that ends it. No newline passes either: who wants lines splits the text first. */
size_t es_sanitize(enum es_text_kind kind, const char *text, size_t len, char *ret);

/* For a JSON document: hidden characters, which can stand inside strings only, become \uXXXX, so
 * that the document says the same. It must be valid UTF-8, as a JSON library wrote it. ret as for
 * es_sanitize(). */
size_t es_sanitize_json(const char *json, size_t len, char *ret);

#endif
