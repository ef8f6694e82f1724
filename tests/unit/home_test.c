/* SPDX-License-Identifier: ISC */
/* home_test.c - which folders hold a node. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/home.h"

static const char *const variables[] = {
    "EARSHOT_HOME", "HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR",
};

static int clear_environment(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
        unsetenv(variables[i]);
    return 0;
}

static void assert_home(const char *folder, const char *profile, const char *given,
                        const char *data, const char *config, const char *socket)
{
    struct es_home home;

    assert_int_equal(es_home_init(&home, folder, profile), 0);
    if (given == NULL)
        assert_null(home.given);
    else
        assert_string_equal(home.given, given);
    assert_string_equal(home.data, data);
    assert_string_equal(home.config, config);
    assert_string_equal(home.socket, socket);
    es_home_done(&home);
}

static void everything_lives_in_a_given_home(void **state)
{
    (void)state;
    assert_home("/h", NULL, "/h", "/h", "/h/earshot.conf", "/h/control.sock");
    setenv("EARSHOT_HOME", "/e", 1);
    assert_home(NULL, NULL, "/e", "/e", "/e/earshot.conf", "/e/control.sock");
    assert_home("/h", NULL, "/h", "/h", "/h/earshot.conf", "/h/control.sock");
}

static void a_relative_home_becomes_absolute(void **state)
{
    struct es_home home;

    (void)state;
    assert_int_equal(es_home_init(&home, "here", NULL), 0);
    assert_int_equal(home.given[0], '/');
    assert_string_equal(strrchr(home.given, '/'), "/here");
    es_home_done(&home);
}

static void else_the_xdg_folders_hold(void **state)
{
    (void)state;
    setenv("HOME", "/u", 1);
    assert_home(NULL, NULL, NULL, "/u/.local/share/earshot", "/u/.config/earshot/earshot.conf",
                "/u/.local/share/earshot/control.sock");
    setenv("XDG_CONFIG_HOME", "/c", 1);
    setenv("XDG_DATA_HOME", "/d", 1);
    setenv("XDG_RUNTIME_DIR", "/r", 1);
    setenv("EARSHOT_HOME", "", 1);
    assert_home(NULL, NULL, NULL, "/d/earshot", "/c/earshot/earshot.conf",
                "/r/earshot/control.sock");
    setenv("XDG_DATA_HOME", "relative", 1);
    assert_home(NULL, NULL, NULL, "/u/.local/share/earshot", "/c/earshot/earshot.conf",
                "/r/earshot/control.sock");
}

static void a_profile_is_a_home_inside_the_home(void **state)
{
    (void)state;
    setenv("HOME", "/u", 1);
    assert_home("/h", "club", "/h/profiles/club", "/h/profiles/club",
                "/h/profiles/club/earshot.conf", "/h/profiles/club/control.sock");
    assert_home(NULL, "club", "/u/.local/share/earshot/profiles/club",
                "/u/.local/share/earshot/profiles/club",
                "/u/.local/share/earshot/profiles/club/earshot.conf",
                "/u/.local/share/earshot/profiles/club/control.sock");
}

static void a_profile_has_a_plain_name(void **state)
{
    static const char *const bad[] = {"", ".", "..", "a/b", "-x", "a b", "\xc3\xbc"};
    struct es_home home;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(es_home_init(&home, "/h", bad[i]), -EINVAL);
}

static void without_any_home_there_is_none(void **state)
{
    struct es_home home;

    (void)state;
    assert_int_equal(es_home_init(&home, NULL, NULL), -ENOENT);
    assert_int_equal(es_home_init(&home, NULL, "club"), -ENOENT);
    setenv("XDG_DATA_HOME", "/d", 1);
    assert_int_equal(es_home_init(&home, NULL, NULL), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(everything_lives_in_a_given_home, clear_environment),
        cmocka_unit_test_setup(a_relative_home_becomes_absolute, clear_environment),
        cmocka_unit_test_setup(else_the_xdg_folders_hold, clear_environment),
        cmocka_unit_test_setup(a_profile_is_a_home_inside_the_home, clear_environment),
        cmocka_unit_test_setup(a_profile_has_a_plain_name, clear_environment),
        cmocka_unit_test_setup(without_any_home_there_is_none, clear_environment),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
