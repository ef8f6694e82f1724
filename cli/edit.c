/* SPDX-License-Identifier: ISC */
/* edit.c - keys to a line, and the line to the terminal. */
#include "cli/edit.h"

#include <string.h>

enum { CTRL_D = 0x04, CTRL_H = 0x08, CTRL_U = 0x15, CTRL_W = 0x17, ESCAPE = 0x1b, RUBOUT = 0x7f };

void es_edit_clear(struct es_edit *edit)
{
    edit->len = 0;
    edit->line[0] = '\0';
    edit->state = ES_EDIT_TEXT;
}

static bool is_continuation(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

/* Where the character that ends at `end` begins. */
static size_t char_before(const char *line, size_t end)
{
    if (end > 0)
        end--;
    while (end > 0 && is_continuation(line[end]))
        end--;
    return end;
}

static void cut(struct es_edit *edit, size_t len)
{
    edit->len = len;
    edit->line[len] = '\0';
}

static void cut_word(struct es_edit *edit)
{
    size_t len = edit->len;

    while (len > 0 && edit->line[len - 1] == ' ')
        len--;
    while (len > 0 && edit->line[len - 1] != ' ')
        len--;
    cut(edit, len);
}

static void append(struct es_edit *edit, unsigned char byte)
{
    if (byte < ' ' || edit->len + 1 >= sizeof(edit->line))
        return;
    edit->line[edit->len] = (char)byte;
    cut(edit, edit->len + 1);
}

/* Arrow keys and the like: ESC, one of [ and O, then all up to a letter. They do nothing here. */
static void skip_escape(struct es_edit *edit, unsigned char byte)
{
    if (edit->state == ES_EDIT_ESCAPE && (byte == '[' || byte == 'O'))
        edit->state = ES_EDIT_SEQUENCE;
    else if (edit->state == ES_EDIT_ESCAPE || byte >= '@')
        edit->state = ES_EDIT_TEXT;
}

enum es_edit_key es_edit_byte(struct es_edit *edit, unsigned char byte)
{
    if (edit->state != ES_EDIT_TEXT) {
        skip_escape(edit, byte);
        return ES_EDIT_GOES_ON;
    }
    switch (byte) {
    case '\r':
    case '\n':
        return ES_EDIT_ENTER;
    case CTRL_D:
        return edit->len == 0 ? ES_EDIT_END : ES_EDIT_GOES_ON;
    case CTRL_H:
    case RUBOUT:
        cut(edit, char_before(edit->line, edit->len));
        break;
    case CTRL_U:
        cut(edit, 0);
        break;
    case CTRL_W:
        cut_word(edit);
        break;
    case ESCAPE:
        edit->state = ES_EDIT_ESCAPE;
        break;
    default:
        append(edit, byte);
        break;
    }
    return ES_EDIT_GOES_ON;
}

static int char_columns(const char *line, size_t begin, size_t end)
{
    char one[8] = "";

    if (end - begin >= sizeof(one))
        return 0;
    memcpy(one, line + begin, end - begin);
    return es_text_columns(ES_TEXT_BODY, one);
}

void es_edit_draw(const struct es_edit *edit, struct es_out *out, const char *prompt, int columns)
{
    /* The last column stays free: writing into it may move the cursor to the next line. */
    int left = columns - es_text_columns(ES_TEXT_BODY, prompt) - 1;
    size_t begin = edit->len;

    while (begin > 0) {
        size_t before = char_before(edit->line, begin);

        left -= char_columns(edit->line, before, begin);
        if (left < 0)
            break;
        begin = before;
    }
    es_edit_erase(out);
    es_out_words(out, "%s%s", prompt, edit->line + begin);
    fflush(out->file);
}

void es_edit_erase(struct es_out *out)
{
    fputs("\r\x1b[K", out->file);
}
