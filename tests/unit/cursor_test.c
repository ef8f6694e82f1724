/* SPDX-License-Identifier: ISC */
/* cursor_test.c - reading and writing bytes with one sticky failure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "node/wire/cursor.h"

static void integers_are_little_endian(void **state)
{
    static const uint8_t expected[] = {0x01, 0x03, 0x02, 0x07, 0x06, 0x05, 0x04, 0x0f,
                                       0x0e, 0x0d, 0x0c, 0x0b, 0x0a, 0x09, 0x08};
    uint8_t buf[sizeof(expected)];
    struct es_writer writer = es_writer(buf, sizeof(buf));
    struct es_reader reader = es_reader(ES_SLICE_OF(expected));

    (void)state;
    es_write_u8(&writer, 0x01);
    es_write_u16(&writer, 0x0203);
    es_write_u32(&writer, 0x04050607);
    es_write_u64(&writer, 0x08090a0b0c0d0e0f);
    assert_false(writer.failed);
    assert_int_equal(es_writer_len(&writer), sizeof(expected));
    assert_memory_equal(buf, expected, sizeof(expected));

    assert_int_equal(es_read_u8(&reader), 0x01);
    assert_int_equal(es_read_u16(&reader), 0x0203);
    assert_int_equal(es_read_u32(&reader), 0x04050607);
    assert_true(es_read_u64(&reader) == 0x08090a0b0c0d0e0f);
    assert_true(es_reader_done(&reader));
}

static void row_keys_are_big_endian(void **state)
{
    static const uint8_t expected[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06,
                                       0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c};
    uint8_t buf[sizeof(expected)];
    struct es_writer writer = es_writer(buf, sizeof(buf));
    struct es_reader reader = es_reader(ES_SLICE_OF(expected));

    (void)state;
    es_write_u32_be(&writer, 0x01020304);
    es_write_u64_be(&writer, 0x05060708090a0b0c);
    assert_memory_equal(buf, expected, sizeof(expected));
    assert_int_equal(es_read_u32_be(&reader), 0x01020304);
    assert_true(es_read_u64_be(&reader) == 0x05060708090a0b0c);
    assert_true(es_reader_done(&reader));
}

static void a_failed_reader_gives_zeros_and_stays_failed(void **state)
{
    static const uint8_t bytes[] = {0xff, 0xff, 0xff};
    struct es_reader reader = es_reader(ES_SLICE_OF(bytes));
    uint8_t copied[2] = {0xee, 0xee};

    (void)state;
    assert_int_equal(es_read_u32(&reader), 0);
    assert_true(reader.failed);
    assert_int_equal(es_reader_left(&reader), 0);
    assert_int_equal(es_read_u8(&reader), 0);
    assert_int_equal(es_read_u16(&reader), 0);
    assert_true(es_read_u64(&reader) == 0);
    assert_int_equal(es_read_u32_be(&reader), 0);
    assert_true(es_read_u64_be(&reader) == 0);
    assert_int_equal(es_read_slice(&reader, 1).len, 0);
    assert_int_equal(es_read_slice(&reader, 0).len, 0);
    assert_int_equal(es_read_rest(&reader).len, 0);
    es_read_bytes(&reader, copied, sizeof(copied));
    assert_int_equal(copied[0] | copied[1], 0);
    assert_false(es_reader_done(&reader));
}

static void done_means_consumed_exactly(void **state)
{
    static const uint8_t bytes[] = {1, 2};
    struct es_reader reader = es_reader(ES_SLICE_OF(bytes));

    (void)state;
    assert_false(es_reader_done(&reader));
    (void)es_read_u8(&reader);
    assert_false(es_reader_done(&reader));
    (void)es_read_u8(&reader);
    assert_true(es_reader_done(&reader));
    (void)es_read_u8(&reader);
    assert_false(es_reader_done(&reader));
}

static void no_bytes_are_read_to_the_end_at_once(void **state)
{
    struct es_reader reader = es_reader(es_slice(NULL, 0));

    (void)state;
    assert_true(es_reader_done(&reader));
    assert_non_null(es_read_rest(&reader).ptr);
    assert_true(es_reader_done(&reader));
    (void)es_read_u8(&reader);
    assert_true(reader.failed);
}

static void slices_borrow_from_the_input(void **state)
{
    static const uint8_t bytes[] = {1, 2, 3, 4, 5};
    struct es_reader reader = es_reader(ES_SLICE_OF(bytes));
    struct es_slice slice = es_read_slice(&reader, 2);
    struct es_slice rest = es_read_rest(&reader);

    (void)state;
    assert_ptr_equal(slice.ptr, bytes);
    assert_int_equal(slice.len, 2);
    assert_ptr_equal(rest.ptr, bytes + 2);
    assert_int_equal(rest.len, 3);
    assert_true(es_reader_done(&reader));
}

static void a_length_larger_than_the_address_space_fails(void **state)
{
    static const uint8_t bytes[] = {1, 2, 3};
    struct es_reader reader = es_reader(ES_SLICE_OF(bytes));

    (void)state;
    assert_int_equal(es_read_slice(&reader, SIZE_MAX).len, 0);
    assert_true(reader.failed);
}

static void length_prefixes_are_limited_and_exact(void **state)
{
    static const uint8_t bytes[] = {2, 'h', 'i', 3, 0, 'y', 'o', 'u'};
    struct es_reader reader = es_reader(ES_SLICE_OF(bytes));
    uint8_t buf[sizeof(bytes)];
    struct es_writer writer = es_writer(buf, sizeof(buf));

    (void)state;
    es_write_short(&writer, es_slice("hi", 2));
    es_write_long(&writer, es_slice("you", 3));
    assert_int_equal(es_writer_len(&writer), sizeof(bytes));
    assert_memory_equal(buf, bytes, sizeof(bytes));

    assert_memory_equal(es_read_short(&reader, 2).ptr, "hi", 2);
    assert_memory_equal(es_read_long(&reader, 3).ptr, "you", 3);
    assert_true(es_reader_done(&reader));

    reader = es_reader(ES_SLICE_OF(bytes));
    assert_int_equal(es_read_short(&reader, 1).len, 0);
    assert_true(reader.failed);

    reader = es_reader(es_slice(bytes + 3, 5));
    assert_int_equal(es_read_long(&reader, 2).len, 0);
    assert_true(reader.failed);

    for (size_t cut = 0; cut < 3; cut++) {
        reader = es_reader(es_slice(bytes, cut));
        assert_int_equal(es_read_short(&reader, 2).len, 0);
        assert_true(reader.failed);
    }
    for (size_t cut = 0; cut < 5; cut++) {
        reader = es_reader(es_slice(bytes + 3, cut));
        assert_int_equal(es_read_long(&reader, 3).len, 0);
        assert_true(reader.failed);
    }
}

static void a_failed_writer_writes_nothing_more(void **state)
{
    uint8_t buf[4] = {0xee, 0xee, 0xee, 0xee};
    struct es_writer writer = es_writer(buf, 3);

    (void)state;
    es_write_u16(&writer, 0x0101);
    es_write_u16(&writer, 0x0202);
    assert_true(writer.failed);
    es_write_u8(&writer, 0x03);
    es_write_bytes(&writer, "x", 1);
    assert_int_equal(es_writer_len(&writer), 2);
    assert_int_equal(es_written(&writer).len, 2);
    assert_int_equal(buf[2], 0xee);
    assert_int_equal(buf[3], 0xee);
}

static void a_full_buffer_takes_no_bytes_and_does_not_fail(void **state)
{
    uint8_t buf[2];
    struct es_writer writer = es_writer(buf, sizeof(buf));

    (void)state;
    es_write_u16(&writer, 7);
    es_write_bytes(&writer, NULL, 0);
    assert_false(writer.failed);
    es_write_u8(&writer, 1);
    assert_true(writer.failed);
}

static void what_a_prefix_cannot_say_is_not_written(void **state)
{
    static const uint8_t many[UINT16_MAX + 1];
    static uint8_t buf[sizeof(many) + 8];
    struct es_writer writer = es_writer(buf, sizeof(buf));

    (void)state;
    es_write_short(&writer, es_slice(many, UINT8_MAX));
    assert_false(writer.failed);
    assert_int_equal(es_writer_len(&writer), 1 + UINT8_MAX);
    es_write_short(&writer, es_slice(many, UINT8_MAX + 1));
    assert_true(writer.failed);
    assert_int_equal(es_writer_len(&writer), 1 + UINT8_MAX);

    writer = es_writer(buf, sizeof(buf));
    es_write_long(&writer, es_slice(many, UINT16_MAX));
    assert_false(writer.failed);
    writer = es_writer(buf, sizeof(buf));
    es_write_long(&writer, es_slice(many, UINT16_MAX + 1));
    assert_true(writer.failed);
    assert_int_equal(es_writer_len(&writer), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_little_endian),
        cmocka_unit_test(row_keys_are_big_endian),
        cmocka_unit_test(a_failed_reader_gives_zeros_and_stays_failed),
        cmocka_unit_test(done_means_consumed_exactly),
        cmocka_unit_test(no_bytes_are_read_to_the_end_at_once),
        cmocka_unit_test(slices_borrow_from_the_input),
        cmocka_unit_test(a_length_larger_than_the_address_space_fails),
        cmocka_unit_test(length_prefixes_are_limited_and_exact),
        cmocka_unit_test(a_failed_writer_writes_nothing_more),
        cmocka_unit_test(a_full_buffer_takes_no_bytes_and_does_not_fail),
        cmocka_unit_test(what_a_prefix_cannot_say_is_not_written),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
