/* SPDX-License-Identifier: ISC */
/* qr_test.c - codes as large as they must be, on the terminal and in pictures. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/qr.h"

/* Version 5, level M: 122 letters, digits and ":". An invite has 117. */
#define INVITE_CHARS 117
#define VERSION_5_MODULES 37
#define QUIET 4

static void invite_text(char ret[static INVITE_CHARS + 1])
{
    static const char begin[] = "earshot:";

    memset(ret, 'a', INVITE_CHARS);
    memcpy(ret, begin, strlen(begin));
    ret[INVITE_CHARS] = '\0';
}

static void an_invite_fits_version_5(void **state)
{
    char text[INVITE_CHARS + 1];
    struct es_qr qr;

    (void)state;
    invite_text(text);
    assert_int_equal(es_qr_init(&qr, text), 0);
    assert_int_equal(qr.width, VERSION_5_MODULES);
    es_qr_done(&qr);
}

static void what_does_not_fit_is_refused(void **state)
{
    static char text[8000];
    struct es_qr qr;

    (void)state;
    memset(text, 'a', sizeof(text) - 1);
    assert_int_equal(es_qr_init(&qr, text), -E2BIG);
}

/* The finder pattern: 7 modules, dark, with a light ring. */
static void the_corner_is_a_finder(void **state)
{
    char text[INVITE_CHARS + 1];
    struct es_qr qr;

    (void)state;
    invite_text(text);
    assert_int_equal(es_qr_init(&qr, text), 0);
    for (int i = 0; i < 7; i++) {
        assert_int_equal(qr.modules[i], 1);
        assert_int_equal(qr.modules[qr.width + i], i == 0 || i == 6);
    }
    assert_int_equal(qr.modules[7], 0);
    es_qr_done(&qr);
}

static size_t count(const char *text, const char *what)
{
    size_t n = 0;

    for (; (text = strstr(text, what)) != NULL; text += strlen(what))
        n++;
    return n;
}

static char *printed(const struct es_qr *qr, bool colour)
{
    char *text = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&text, &len);
    struct es_out out = {.file = file, .terminal = colour, .colour = colour};

    assert_non_null(file);
    es_qr_print(qr, &out);
    assert_int_equal(fclose(file), 0);
    return text;
}

static void the_terminal_shows_two_modules_in_a_character(void **state)
{
    struct es_qr qr;

    (void)state;
    assert_int_equal(es_qr_init(&qr, "12345"), 0);
    int size = qr.width + 2 * QUIET;
    char *plain = printed(&qr, false);
    char *coloured = printed(&qr, true);

    assert_int_equal(count(plain, "\n"), (size + 1) / 2);
    assert_int_equal(count(plain, "\x1b"), 0);
    assert_int_equal(count(coloured, "\x1b[0m\n"), (size + 1) / 2);
    /* The first two lines are the quiet zone: light, so full blocks. */
    assert_int_equal(strspn(plain, "\xe2\x96\x88"), size * 3);
    free(plain);
    free(coloured);
    es_qr_done(&qr);
}

static char *contents(const char *path, size_t *ret_len)
{
    FILE *file = fopen(path, "rb");
    char *bytes = calloc(1, 1 << 20);

    assert_non_null(file);
    assert_non_null(bytes);
    *ret_len = fread(bytes, 1, (1 << 20) - 1, file);
    fclose(file);
    return bytes;
}

static void pictures_are_private_and_whole(void **state)
{
    char folder[] = "/tmp/earshot-qr.XXXXXX";
    char path[64];
    struct es_qr qr;
    struct stat st;
    size_t len;

    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(es_qr_init(&qr, "12345"), 0);
    size_t size = (size_t)(qr.width + 2 * QUIET);

    snprintf(path, sizeof(path), "%s/code.pbm", folder);
    assert_int_equal(es_qr_write(&qr, path), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    char *pbm = contents(path, &len);

    assert_memory_equal(pbm, "P4\n", 3);
    assert_int_equal(len, strlen("P4\n232 232\n") + size * size * 8);
    free(pbm);
    unlink(path);

    snprintf(path, sizeof(path), "%s/code.svg", folder);
    assert_int_equal(es_qr_write(&qr, path), 0);
    char *svg = contents(path, &len);
    size_t dark = 0;

    for (int i = 0; i < qr.width * qr.width; i++)
        dark += qr.modules[i];
    assert_int_equal(count(svg, "h1v1h-1z"), dark);
    assert_non_null(strstr(svg, "</svg>\n"));
    free(svg);
    unlink(path);
    assert_int_equal(es_qr_write(&qr, "/nowhere/code.svg"), -ENOENT);
    es_qr_done(&qr);
    rmdir(folder);
}

static void other_pictures_are_not_known(void **state)
{
    (void)state;
    assert_true(es_qr_file_known("code.svg"));
    assert_true(es_qr_file_known("a/b.PBM"));
    assert_false(es_qr_file_known("code.png"));
    assert_false(es_qr_file_known(".svg"));
    assert_false(es_qr_file_known("svg"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_invite_fits_version_5),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(the_corner_is_a_finder),
        cmocka_unit_test(the_terminal_shows_two_modules_in_a_character),
        cmocka_unit_test(pictures_are_private_and_whole),
        cmocka_unit_test(other_pictures_are_not_known),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
