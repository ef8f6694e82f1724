/* SPDX-License-Identifier: ISC */
/* render.c - sanitized words, names, texts and JSON onto a stream. */
#include "cli/render.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

/* malloc'd; without memory there is nothing left to say. */
static char *sanitized(enum es_text_kind kind, const char *text, size_t len)
{
    char *clean = malloc(len * ES_SANITIZE_GROWTH + 1);

    if (clean == NULL)
        abort();
    es_sanitize(kind, text, len, clean);
    return clean;
}

static void put(struct es_out *out, enum es_text_kind kind, const char *text, size_t len)
{
    char *clean = sanitized(kind, text, len);

    fputs(clean, out->file);
    free(clean);
}

void es_out_init(struct es_out *out, FILE *file)
{
    const char *no_colour = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    out->file = file;
    out->terminal = isatty(fileno(file)) == 1;
    out->colour = out->terminal && (no_colour == NULL || no_colour[0] == '\0') &&
                  (term == NULL || strcmp(term, "dumb") != 0);
}

void es_out_style(struct es_out *out, enum es_style style)
{
    static const char *const sequences[] = {
        [ES_STYLE_PLAIN] = "\x1b[0m", [ES_STYLE_BOLD] = "\x1b[1m", [ES_STYLE_DIM] = "\x1b[2m",
        [ES_STYLE_GOOD] = "\x1b[32m", [ES_STYLE_BAD] = "\x1b[31m",
    };

    if (out->colour)
        fputs(sequences[style], out->file);
}

void es_out_words(struct es_out *out, const char *format, ...)
{
    char *words = NULL;
    va_list args;

    va_start(args, format);
    int len = vasprintf(&words, format, args);

    va_end(args);
    if (len < 0)
        abort();
    put(out, ES_TEXT_BODY, words, (size_t)len);
    free(words);
}

static int columns_of_clean(const char *clean)
{
    size_t len = strlen(clean);
    int columns = 0;

    for (size_t at = 0; at < len;) {
        uint32_t c = 0;
        size_t n = es_utf8_next(clean + at, len - at, &c);
        int width = wcwidth((wchar_t)c);

        columns += width > 0 ? width : 0;
        at += n > 0 ? n : 1;
    }
    return columns;
}

int es_text_columns(enum es_text_kind kind, const char *text)
{
    char *clean = sanitized(kind, text, strlen(text));
    int columns = columns_of_clean(clean);

    free(clean);
    return columns;
}

void es_out_name(struct es_out *out, const char *name, int width)
{
    char *clean = sanitized(ES_TEXT_NAME, name, strlen(name));

    fputs(clean, out->file);
    for (int column = columns_of_clean(clean); column < width; column++)
        fputc(' ', out->file);
    free(clean);
}

void es_out_text(struct es_out *out, const char *text, int indent)
{
    for (;;) {
        size_t len = strcspn(text, "\n");

        put(out, ES_TEXT_BODY, text, len);
        if (text[len] == '\0')
            return;
        text += len + 1;
        es_out_end(out);
        fprintf(out->file, "%*s", indent, "");
    }
}

void es_out_end(struct es_out *out)
{
    fputc('\n', out->file);
}

void es_out_json(struct es_out *out, const json_t *object)
{
    char *raw = json_dumps(object, JSON_COMPACT);

    if (raw == NULL)
        abort();
    size_t len = strlen(raw);
    char *clean = malloc(len * ES_SANITIZE_GROWTH + 1);

    if (clean == NULL)
        abort();
    es_sanitize_json(raw, len, clean);
    fputs(clean, out->file);
    fputc('\n', out->file);
    free(clean);
    free(raw);
}
