/* SPDX-License-Identifier: ISC */
/* edit_test.c - lines from standard input, typed key by key or in pieces from a pipe. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/edit.h"
#include "cli/lines.h"

static enum es_edit_key type(struct es_edit *edit, const char *keys)
{
    enum es_edit_key key = ES_EDIT_GOES_ON;

    for (; *keys != '\0'; keys++)
        key = es_edit_byte(edit, (unsigned char)*keys);
    return key;
}

static void assert_typed(const char *keys, const char *line)
{
    static struct es_edit edit;

    es_edit_clear(&edit);
    type(&edit, keys);
    assert_string_equal(edit.line, line);
    assert_int_equal(edit.len, strlen(line));
}

static void keys_make_a_line(void **state)
{
    (void)state;
    assert_typed("hello", "hello");
    assert_typed("hellp\x7fo", "hello");
    assert_typed("\x7f\x7f"
                 "a",
                 "a");
    assert_typed("gr\xc3\xbc\x7f", "gr"); /* a character, not a byte */
    assert_typed("\xf0\x9f\x91\x8b\x08"
                 "b",
                 "b");
    assert_typed("one two\x17", "one ");
    assert_typed("one two  \x17", "one ");
    assert_typed("gone\x15now", "now");
    assert_typed("a\x1b[A\x1b[1;5Db\x1bOPc\x1bxd", "abcd"); /* arrows, keys with Alt */
    assert_typed("a\x01\x09"
                 "b",
                 "ab");
    assert_typed("kept\x04", "kept");
}

static void enter_and_end_are_told(void **state)
{
    static struct es_edit edit;

    (void)state;
    es_edit_clear(&edit);
    assert_int_equal(type(&edit, "hello"), ES_EDIT_GOES_ON);
    assert_int_equal(type(&edit, "\r"), ES_EDIT_ENTER);
    es_edit_clear(&edit);
    assert_int_equal(type(&edit, "\x04"), ES_EDIT_END);
}

static void a_line_has_an_end(void **state)
{
    static struct es_edit edit;

    (void)state;
    es_edit_clear(&edit);
    for (size_t i = 0; i < 2 * sizeof(edit.line); i++)
        es_edit_byte(&edit, 'x');
    assert_int_equal(edit.len, sizeof(edit.line) - 1);
    assert_int_equal(strlen(edit.line), edit.len);
}

static void drawing_shows_what_fits(void **state)
{
    static struct es_edit edit;
    char drawn[256];
    FILE *file = fmemopen(drawn, sizeof(drawn), "w");
    struct es_out out = {.file = file};

    (void)state;
    assert_non_null(file);
    es_edit_clear(&edit);
    type(&edit, "0123456789");
    es_edit_draw(&edit, &out, "> ", 8);
    assert_int_equal(fclose(file), 0);
    assert_string_equal(drawn, "\r\x1b[K> 56789");
}

/* --- lines ------------------------------------------------------------------------------------- */

struct pipe_lines {
    int write_fd;
    struct es_lines lines;
};

static int open_pipe(void **state)
{
    struct pipe_lines *pipe_lines = malloc(sizeof(*pipe_lines));
    int fds[2];

    if (pipe_lines == NULL || pipe(fds) != 0)
        return -1;
    pipe_lines->write_fd = fds[1];
    es_lines_init(&pipe_lines->lines, fds[0]);
    *state = pipe_lines;
    return 0;
}

static int close_pipe(void **state)
{
    struct pipe_lines *pipe_lines = *state;

    close(pipe_lines->lines.fd);
    if (pipe_lines->write_fd >= 0)
        close(pipe_lines->write_fd);
    free(pipe_lines);
    return 0;
}

static void feed(struct pipe_lines *pipe_lines, const char *bytes, size_t len)
{
    assert_int_equal(write(pipe_lines->write_fd, bytes, len), len);
    assert_int_equal(es_lines_read(&pipe_lines->lines), 0);
}

static void end(struct pipe_lines *pipe_lines)
{
    close(pipe_lines->write_fd);
    pipe_lines->write_fd = -1;
    assert_int_equal(es_lines_read(&pipe_lines->lines), 0);
    assert_true(pipe_lines->lines.ended);
}

static void assert_line(struct pipe_lines *pipe_lines, const char *text)
{
    struct es_line line;

    assert_true(es_lines_next(&pipe_lines->lines, &line));
    assert_false(line.too_long);
    assert_int_equal(line.len, strlen(text));
    assert_memory_equal(line.text, text, line.len);
}

static void assert_no_line(struct pipe_lines *pipe_lines)
{
    struct es_line line;

    assert_false(es_lines_next(&pipe_lines->lines, &line));
}

static void lines_come_in_pieces(void **state)
{
    struct pipe_lines *pipe_lines = *state;

    feed(pipe_lines, "on", 2);
    assert_no_line(pipe_lines);
    feed(pipe_lines, "e\ntwo\r\n\nlast", 12);
    assert_line(pipe_lines, "one");
    assert_line(pipe_lines, "two");
    assert_line(pipe_lines, "");
    assert_no_line(pipe_lines);
    end(pipe_lines);
    assert_line(pipe_lines, "last");
    assert_no_line(pipe_lines);
}

static void a_line_that_is_too_long_is_skipped_alone(void **state)
{
    struct pipe_lines *pipe_lines = *state;
    static char xs[32768];
    struct es_line line;

    memset(xs, 'x', sizeof(xs));
    for (int i = 0; i < 20; i++) {
        feed(pipe_lines, xs, sizeof(xs));
        assert_no_line(pipe_lines);
    }
    feed(pipe_lines, "\nnext\n", 6);
    assert_true(es_lines_next(&pipe_lines->lines, &line));
    assert_true(line.too_long);
    assert_line(pipe_lines, "next");
    end(pipe_lines);
    assert_no_line(pipe_lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_make_a_line),
        cmocka_unit_test(enter_and_end_are_told),
        cmocka_unit_test(a_line_has_an_end),
        cmocka_unit_test(drawing_shows_what_fits),
        cmocka_unit_test_setup_teardown(lines_come_in_pieces, open_pipe, close_pipe),
        cmocka_unit_test_setup_teardown(a_line_that_is_too_long_is_skipped_alone, open_pipe,
                                        close_pipe),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
