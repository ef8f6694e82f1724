/* SPDX-License-Identifier: ISC */
/* envelope_test.c - layout, id, expiry and padding of envelopes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "node/wire/envelope.h"
#include "tests/support/exact.h"

static uint8_t bytes[ES_ENVELOPE_BYTES_MAX + 1];

/* An envelope in bytes[]; returns its length. */
static size_t make(enum es_envelope_class cls, uint16_t expiry)
{
    struct es_tag tag;

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 7 + 1);
    for (size_t i = 0; i < sizeof(tag.bytes); i++)
        tag.bytes[i] = (uint8_t)(0xa0 + i);
    es_envelope_header(bytes, cls, expiry, &tag);
    return es_class_bytes(cls);
}

static void each_class_reads_back(void **state)
{
    static const size_t sizes[] = {512, 2048, 8192, 32768};

    (void)state;
    for (unsigned cls = 0; cls < ES_ENVELOPE_CLASSES; cls++) {
        size_t len = make((enum es_envelope_class)cls, 0x1234);
        struct es_envelope envelope;

        assert_int_equal(len, sizes[cls]);
        assert_true(es_envelope_decode(es_slice(bytes, len), &envelope));
        assert_int_equal(envelope.cls, cls);
        assert_int_equal(envelope.expiry, 0x1234);
        assert_int_equal(envelope.tag.bytes[0], 0xa0);
        assert_int_equal(envelope.tag.bytes[15], 0xaf);
        assert_ptr_equal(envelope.sealed.ptr, bytes + ES_ENVELOPE_HEADER_BYTES);
        assert_int_equal(envelope.sealed.len, len - ES_ENVELOPE_HEADER_BYTES);
        assert_int_equal(es_envelope_bytes_at(es_slice(bytes, len + 1)), len);
    }
}

static void another_length_is_refused(void **state)
{
    size_t len = make(ES_CLASS_512, 1);
    struct es_envelope envelope;

    (void)state;
    for (size_t cut = 0; cut < len; cut++) {
        uint8_t *copy = exact_copy(bytes, cut);

        assert_false(es_envelope_decode(es_slice(copy, cut), &envelope));
        assert_int_equal(es_envelope_bytes_at(es_slice(copy, cut)), 0);
        free(copy);
    }
    assert_false(es_envelope_decode(es_slice(bytes, len + 1), &envelope));
    assert_false(es_envelope_decode(es_slice(bytes, 2048), &envelope));
}

static void other_versions_and_classes_are_refused(void **state)
{
    struct es_envelope envelope;

    (void)state;
    for (unsigned value = 0; value <= UINT8_MAX; value++) {
        size_t len = make(ES_CLASS_512, 1);

        bytes[0] = (uint8_t)value;
        assert_int_equal(es_envelope_decode(es_slice(bytes, len), &envelope), value == 1);
        bytes[0] = ES_ENVELOPE_VERSION;
        bytes[1] = (uint8_t)value;
        assert_int_equal(es_envelope_decode(es_slice(bytes, len), &envelope),
                         value == ES_CLASS_512);
        assert_int_equal(es_envelope_bytes_at(es_slice(bytes, sizeof(bytes))) != 0,
                         value < ES_ENVELOPE_CLASSES);
    }
}

static void the_id_covers_all_but_the_expiry(void **state)
{
    size_t len = make(ES_CLASS_512, 1);
    struct es_id id = es_envelope_id(es_slice(bytes, len));

    (void)state;
    es_envelope_restamp(bytes, 0xbeef);
    assert_int_equal(bytes[2], 0xef);
    assert_int_equal(bytes[3], 0xbe);
    struct es_id later = es_envelope_id(es_slice(bytes, len));

    assert_memory_equal(later.bytes, id.bytes, sizeof(id.bytes));
    for (size_t i = 0; i < len; i++) {
        bytes[i] ^= 1;
        struct es_id other = es_envelope_id(es_slice(bytes, len));

        assert_int_equal(es_bytes_equal(other.bytes, id.bytes, sizeof(id.bytes)), i == 2 || i == 3);
        bytes[i] ^= 1;
    }
}

static void expiry_counts_quarters_of_days(void **state)
{
    (void)state;
    assert_int_equal(es_expiry_bucket(0), 0);
    assert_int_equal(es_expiry_bucket(ES_EXPIRY_EPOCH_MS - 1), 0);
    assert_int_equal(es_expiry_bucket(ES_EXPIRY_EPOCH_MS), 0);
    assert_int_equal(es_expiry_bucket(ES_EXPIRY_EPOCH_MS + ES_EXPIRY_BUCKET_MS - 1), 0);
    assert_int_equal(es_expiry_bucket(ES_EXPIRY_EPOCH_MS + ES_EXPIRY_BUCKET_MS), 1);
    assert_int_equal(es_expiry_bucket(ES_EXPIRY_EPOCH_MS + 65535 * ES_EXPIRY_BUCKET_MS), 65535);
    assert_int_equal(es_expiry_bucket(ES_EXPIRY_EPOCH_MS + 65536 * ES_EXPIRY_BUCKET_MS), 65535);
    assert_int_equal(es_expiry_bucket(UINT64_MAX), 65535);
}

static void padding_is_removed_at_every_length(void **state)
{
    uint8_t buf[65];

    (void)state;
    for (size_t padded = 1; padded <= sizeof(buf); padded++) {
        for (size_t plain = 0; plain < padded; plain++) {
            size_t len = SIZE_MAX;

            memset(buf, 0x80, sizeof(buf));
            es_pad(buf, plain, padded);
            assert_true(padded == sizeof(buf) || buf[padded] == 0x80);
            assert_true(es_unpad(es_slice(buf, padded), &len));
            assert_int_equal(len, plain);
        }
    }
}

static void malformed_padding_is_refused(void **state)
{
    uint8_t buf[16] = {0};
    size_t len = 77;

    (void)state;
    assert_false(es_unpad(ES_SLICE_OF(buf), &len));
    for (unsigned byte = 1; byte <= UINT8_MAX; byte++) {
        buf[5] = (uint8_t)byte;
        assert_int_equal(es_unpad(ES_SLICE_OF(buf), &len), byte == 0x80);
    }
    len = 77;
    buf[5] = 0x80;
    buf[6] = 0x01;
    assert_false(es_unpad(ES_SLICE_OF(buf), &len));
    assert_false(es_unpad(es_slice(buf, 0), &len));
    assert_int_equal(len, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_class_reads_back),
        cmocka_unit_test(another_length_is_refused),
        cmocka_unit_test(other_versions_and_classes_are_refused),
        cmocka_unit_test(the_id_covers_all_but_the_expiry),
        cmocka_unit_test(expiry_counts_quarters_of_days),
        cmocka_unit_test(padding_is_removed_at_every_length),
        cmocka_unit_test(malformed_padding_is_refused),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
