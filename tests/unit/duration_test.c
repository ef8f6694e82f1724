/* SPDX-License-Identifier: ISC */
/* duration_test.c - durations, sizes, counts and times as people write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "cli/duration.h"
#include "cli/instant.h"

#define UNTOUCHED 4711

static void durations_have_a_number_and_a_unit(void **state)
{
    static const struct {
        const char *text;
        uint64_t ms;
    } good[] = {
        {"0", 0},        {"0s", 0},       {"1ms", 1},        {"30s", 30000},
        {"10m", 600000}, {"2h", 7200000}, {"7d", 604800000}, {"36500d", 3153600000000},
        {"007s", 7000},
    };
    static const char *const bad[] = {
        "",
        "s",
        "7",
        "-1s",
        "+1s",
        " 1s",
        "1s ",
        "1 s",
        "1w",
        "1S",
        "1.5h",
        "1h30m",
        "36501d",
        "18446744073709551616s",
        "99999999999999999999999",
        "1sx",
        "0x1s",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        uint64_t ms = UNTOUCHED;

        assert_true(es_duration_parse(good[i].text, &ms));
        assert_int_equal(ms, good[i].ms);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint64_t ms = UNTOUCHED;

        if (es_duration_parse(bad[i], &ms))
            fail_msg("%s was taken", bad[i]);
        assert_int_equal(ms, UNTOUCHED);
    }
}

static void durations_are_shown_in_one_unit(void **state)
{
    static const struct {
        uint64_t ms;
        const char *text;
    } cases[] = {
        {0, "0 ms"},        {999, "999 ms"},       {1000, "1 s"},    {60000, "1 min"},
        {90000, "90 s"},    {600000, "10 min"},    {3600000, "1 h"}, {5400000, "90 min"},
        {86400000, "24 h"}, {604800000, "7 days"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[ES_DURATION_CHARS];

        es_duration_format(cases[i].ms, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void sizes_have_binary_units(void **state)
{
    static const char *const bad[] = {"", "KiB", "1KB", "1kib", "-1", "1.5MiB", "17179869184GiB"};
    uint64_t bytes = 0;
    char text[ES_SIZE_CHARS];

    (void)state;
    assert_true(es_size_parse("64KiB", &bytes) && bytes == 65536);
    assert_true(es_size_parse("10MiB", &bytes) && bytes == 10485760);
    assert_true(es_size_parse("1GiB", &bytes) && bytes == 1073741824);
    assert_true(es_size_parse("100", &bytes) && bytes == 100);
    assert_true(es_size_parse("7B", &bytes) && bytes == 7);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(es_size_parse(bad[i], &bytes));
    es_size_format(1023, text);
    assert_string_equal(text, "1023 B");
    es_size_format(65536, text);
    assert_string_equal(text, "64 KiB");
    es_size_format(1536, text);
    assert_string_equal(text, "1.5 KiB");
    es_size_format(UINT64_MAX, text);
    assert_string_equal(text, "16777215.9 TiB");
}

static void counts_have_digits_and_limits(void **state)
{
    uint64_t count = UNTOUCHED;

    (void)state;
    assert_true(es_count_parse("50", 0, 50, &count) && count == 50);
    assert_true(es_count_parse("0", 0, 50, &count) && count == 0);
    count = UNTOUCHED;
    assert_false(es_count_parse("51", 0, 50, &count));
    assert_false(es_count_parse("0", 1, 50, &count));
    assert_false(es_count_parse("", 0, 50, &count));
    assert_false(es_count_parse("5x", 0, 50, &count));
    assert_false(es_count_parse("-1", 0, 50, &count));
    assert_int_equal(count, UNTOUCHED);
}

static void times_are_those_of_rfc_3339(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2026-01-31T17:00:00.000Z", 1769878800000},
        {"2026-01-31T17:00:00.5Z", 1769878800500},
        {"2026-01-31t17:00:00.123456z", 1769878800123},
        {"2026-01-31 18:00:00+01:00", 1769878800000},
        {"2026-01-31T11:30:00-05:30", 1769878800000},
        {"2024-02-29T00:00:00Z", 1709164800000},
        {"1969-12-31T23:59:59.999Z", -1},
    };
    static const char *const bad[] = {
        "",
        "2026",
        "2026-01",
        "2026-1-31",
        "2026-02-29",
        "2026-13-01",
        "2026-00-10",
        "2026-01-31T",
        "2026-01-31T17:00",
        "2026-01-31T17:00:00",
        "2026-01-31T24:00:00Z",
        "2026-01-31T17:60:00Z",
        "2026-01-31T17:00:00.Z",
        "2026-01-31T17:00:00Zx",
        "2026-01-31T17:00:00+0100",
        "2026-01-31T17:00:00+24:00",
        "yesterday",
        "1899-12-31T23:59:59Z",
        "9999-12-31T23:59:59-01:00",
        "2026-01-31T17:00:00+",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        int64_t ms = UNTOUCHED;

        assert_true(es_instant_parse(good[i].text, &ms));
        assert_int_equal(ms, good[i].ms);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int64_t ms = UNTOUCHED;

        if (es_instant_parse(bad[i], &ms))
            fail_msg("%s was taken", bad[i]);
        assert_int_equal(ms, UNTOUCHED);
    }
}

static void times_come_back(void **state)
{
    static const int64_t cases[] = {0, 1, -1, 1769878800123, 253402300799999};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[ES_INSTANT_CHARS];
        int64_t ms = UNTOUCHED;

        es_instant_format(cases[i], text);
        assert_int_equal(strlen(text), strlen("2026-01-31T17:00:00.000Z"));
        assert_true(es_instant_parse(text, &ms));
        assert_int_equal(ms, cases[i]);
    }
}

static void local_times_are_as_short_as_can_be(void **state)
{
    const int64_t noon_ms = 1769860800000; /* 2026-01-31T12:00:00Z */
    const int64_t day_ms = 86400000;
    char text[ES_INSTANT_CHARS];
    int64_t ms;

    (void)state;
    setenv("TZ", "UTC", 1);
    tzset();
    es_instant_format_local(noon_ms, noon_ms + 1000, text);
    assert_string_equal(text, "12:00");
    es_instant_format_local(noon_ms - day_ms, noon_ms, text);
    assert_string_equal(text, "01-30 12:00");
    es_instant_format_local(noon_ms - 40 * day_ms, noon_ms, text);
    assert_string_equal(text, "2025-12-22 12:00");
    assert_true(es_instant_parse("2026-01-31", &ms));
    assert_int_equal(ms, noon_ms - day_ms / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_have_a_number_and_a_unit),
        cmocka_unit_test(durations_are_shown_in_one_unit),
        cmocka_unit_test(sizes_have_binary_units),
        cmocka_unit_test(counts_have_digits_and_limits),
        cmocka_unit_test(times_are_those_of_rfc_3339),
        cmocka_unit_test(times_come_back),
        cmocka_unit_test(local_times_are_as_short_as_can_be),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
