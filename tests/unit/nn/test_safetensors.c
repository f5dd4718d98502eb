/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <math.h>

#include <misread/base/rng.h>

#include <misread/nn/weights_file.h>

#include "directory.h"
#include "safetensors.h"

/* A file of this JSON and n_data bytes counting up; freed by the caller. */
static unsigned char *make_file(const char *json, size_t n_json, size_t n_data, size_t *n)
{
    uint64_t length = n_json;
    unsigned char *data = malloc(8 + n_json + n_data + 1);

    memcpy(data, &length, 8);
    memcpy(data + 8, json, n_json);
    for (size_t i = 0; i < n_data; i++)
        data[8 + n_json + i] = (unsigned char)i;
    *n = 8 + n_json + n_data;
    return data;
}

static enum mr_status parse(const unsigned char *data, size_t n, struct mr_error *err)
{
    struct mr_directory header;
    enum mr_status st = mr_safetensors_parse(&header, data, n, err);

    if (!st)
        mr_directory_finish(&header);
    return st;
}

#define A "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}"
#define B "\"b\":{\"dtype\":\"F16\",\"shape\":[],\"data_offsets\":[8,10]}"

static void reads_a_header(void **state)
{
    static const char json[] = "{\"__metadata__\":{\"k\":\"v\\n\",\"l\":\"\"}," B "," A ",\"c\":"
                               "{\"dtype\":\"I64\",\"shape\":[3,0],\"data_offsets\":[10,10]}}   ";
    struct mr_directory h;
    struct mr_error err;
    size_t n, base = 8 + strlen(json);
    unsigned char *data = make_file(json, strlen(json), 10, &n);

    assert_ok(mr_safetensors_parse(&h, data, n, &err), err);
    assert_int_equal(h.n_tensors, 3);
    assert_string_equal(h.tensors[0].name, "a"); /* in the order of the bytes */
    assert_int_equal(h.tensors[0].dtype, MR_DTYPE_F32);
    assert_int_equal(h.tensors[0].n, 2);
    assert_int_equal(h.tensors[0].begin, base);
    assert_int_equal(h.tensors[0].end, base + 8);
    assert_string_equal(h.tensors[1].name, "b");
    assert_int_equal(h.tensors[1].n_dims, 0);
    assert_int_equal(h.tensors[1].n, 1);
    assert_int_equal(h.tensors[2].n, 0);
    assert_int_equal(h.tensors[2].n_dims, 2);
    assert_int_equal(h.n_texts, 2);
    assert_string_equal(h.texts[0].value, "v\n");
    mr_directory_finish(&h);
    free(data);
}

#define ONE(dtype, shape, offsets) \
    "{\"a\":{\"dtype\":" dtype ",\"shape\":" shape ",\"data_offsets\":" offsets "}}"

static void refuses_each_malformation_in_a_sentence(void **state)
{
    static const struct {
        const char *json;
        size_t n_data;
        const char *why;
    } bad[] = {
        {"", 0, "begin with '{'"},
        {" {}", 0, "begin with '{'"},
        {"[]", 0, "begin with '{'"},
        {"\xef\xbb\xbf{}", 0, "begin with '{'"},
        {"{", 0, "not JSON"},
        {"{}x", 0, "follows"},
        {"{}{}", 0, "follows"},
        {"{}\n", 0, "control character"},
        {"{\"a\x01\":1}", 0, "control character"},
        {"{\"\xff\":1}", 0, "UTF-8"},
        {"{\"\xc0\x80\":1}", 0, "UTF-8"},     /* overlong NUL */
        {"{\"\xed\xa0\x80\":1}", 0, "UTF-8"}, /* surrogate */
        {"{\"a\\u0000b\":1}", 0, "NUL"},
        {"{" A "," A "}", 8, "twice"},
        {"{" A "}", 9, "no tensor"},             /* bytes behind */
        {"{" A "}", 7, "outside"},               /* truncated */
        {"{" B "}", 10, "where the one before"}, /* a hole in front */
        {"{" A ",\"b\":{\"dtype\":\"F16\",\"shape\":[],\"data_offsets\":[6,8]}}", 8,
         "where the one before"}, /* overlap */
        {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, "twice"},
        {"{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", 0, "twice"},
        {"{\"__metadata__\":{\"a\":1}}", 0, "other than text"},
        {"{\"__metadata__\":[]}", 0, "not an object"},
        {"{\"\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "name"},
        {"{\"a\\n\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "name"},
        {"{\"\\u001b[2J\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "name"},
        {"{\"\\u009b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "name"},
        {"{\"a\":1}", 0, "other fields"},
        {"{\"a\":{}}", 0, "other fields"},
        {"{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8,
         "other fields"},
        {"{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", 8, "shape"},
        {"{\"a\":{\"DTYPE\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "dtype"},
        {ONE("\"F8\"", "[2]", "[0,8]"), 8, "dtype"},
        {ONE("\"f32\"", "[2]", "[0,8]"), 8, "dtype"},
        {ONE("4", "[2]", "[0,8]"), 8, "dtype"},
        {ONE("\"F32\"", "2", "[0,8]"), 8, "shape"},
        {ONE("\"F32\"", "[\"2\"]", "[0,8]"), 8, "shape"},
        {ONE("\"F32\"", "[-2]", "[0,8]"), 8, "shape"},
        {ONE("\"F32\"", "[2.5]", "[0,8]"), 8, "shape"},
        {ONE("\"F32\"", "[1e300]", "[0,8]"), 8, "shape"},
        {ONE("\"F32\"", "[4294967296,4294967296]", "[0,0]"), 0, "shape"}, /* 2^64 is 0 */
        {ONE("\"F32\"", "[4611686018427387906]", "[0,8]"), 8, "shape"},   /* times 4 is 8 */
        {ONE("\"F32\"", "[1,1,1,1,1,1,1,1,2]", "[0,8]"), 8, "dimensions"},
        {ONE("\"F32\"", "[3]", "[0,8]"), 8, "bytes"},
        {ONE("\"F32\"", "[2]", "[0]"), 8, "data_offsets"},
        {ONE("\"F32\"", "[2]", "[0,8,8]"), 8, "data_offsets"},
        {ONE("\"F32\"", "[2]", "[8,0]"), 8, "outside"},
        {ONE("\"F32\"", "[2]", "[0,18446744073709551615]"), 8, "data_offsets"},
        {ONE("\"F32\"", "[2]", "{\"a\":0,\"b\":8}"), 8, "data_offsets"},
        {ONE("\"F32\"", "[[[2]]]", "[0,8]"), 8, "deep"},
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct mr_error err = {MR_OK, ""};
        size_t n;
        unsigned char *data = make_file(bad[i].json, strlen(bad[i].json), bad[i].n_data, &n);

        if (parse(data, n, &err) != MR_E_FORMAT)
            fail_msg("accepted: %s", bad[i].json);
        if (!strstr(err.message, bad[i].why))
            fail_msg("%s: refused as \"%s\"", bad[i].json, err.message);
        free(data);
    }
}

static void refuses_lengths_that_lie(void **state)
{
    static const uint64_t lengths[] = {3, 100, (4u << 20) + 1, UINT64_MAX, UINT64_MAX - 7};
    unsigned char data[16] = {2, 0, 0, 0, 0, 0, 0, 0, '{', '}'};
    struct mr_error err;

    assert_ok(parse(data, 10, &err), err); /* an empty file is one */
    for (size_t n = 0; n < 10; n++)
        assert_int_equal(parse(data, n, &err), MR_E_FORMAT);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        memcpy(data, &lengths[i], 8);
        assert_int_equal(parse(data, 10, &err), MR_E_FORMAT);
    }
}

static void check_many(int n_tensors, enum mr_status wanted)
{
    struct mr_error err;
    size_t cap = (size_t)n_tensors * 100 + 10, at = 1, n;
    char *json = malloc(cap);
    unsigned char *data;

    json[0] = '{';
    for (int i = 0; i < n_tensors; i++)
        at += (size_t)snprintf(json + at, cap - at,
                               "%s\"t%d\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}",
                               i ? "," : "", i);
    at += (size_t)snprintf(json + at, cap - at, "}");
    data = make_file(json, at, 0, &n);
    assert_int_equal(parse(data, n, &err), wanted);
    free(json);
    free(data);
}

static void limits_the_number_of_tensors(void **state)
{
    check_many(4096, MR_OK);
    check_many(4097, MR_E_FORMAT);
}

static void survives_every_truncation_and_many_mutations(void **state)
{
    static const char json[] = "{\"__metadata__\":{\"k\":\"v\"}," A "," B "}";
    struct mr_rng rng = mr_rng_make(1, 0, 0, 0);
    struct mr_error err;
    size_t n;
    unsigned char *data = make_file(json, strlen(json), 10, &n);

    assert_ok(parse(data, n, &err), err);
    for (size_t i = 0; i < n; i++) {
        unsigned char *cut = malloc(i ? i : 1); /* so that a sanitizer sees reading behind it */

        memcpy(cut, data, i);
        assert_int_not_equal(parse(cut, i, &err), MR_OK);
        free(cut);
    }
    for (int i = 0; i < 20000; i++) {
        unsigned char *copy = malloc(n);

        memcpy(copy, data, n);
        for (int k = 0; k < 1 + i % 4; k++)
            copy[mr_rng_below(&rng, n)] = (unsigned char)mr_rng_below(&rng, 256);
        if (parse(copy, n, &err))
            assert_true(strlen(err.message) > 10);
        free(copy);
    }
    free(data);
}

/* ---- files ---- */

static void write_file(const char *path, const void *data, size_t n)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, n, f), n);
    fclose(f);
}

static void converts_each_type_exactly(void **state)
{
    static const char json[] =
        "{\"f32\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
        "\"f16\":{\"dtype\":\"F16\",\"shape\":[8],\"data_offsets\":[8,24]},"
        "\"bf16\":{\"dtype\":\"BF16\",\"shape\":[3],\"data_offsets\":[24,30]},"
        "\"f64\":{\"dtype\":\"F64\",\"shape\":[1,2],\"data_offsets\":[30,46]},"
        "\"i64\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[46,54]}}";
    static const float f32[] = {1.5f, -0x1p-149f};
    /* 1, -2, largest, smallest normal, smallest subnormal, largest subnormal, infinity, NaN */
    static const uint16_t f16[] = {0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0x83ff, 0xfc00, 0x7e00};
    static const float f16_as[] = {1, -2, 65504, 0x1p-14f, 0x1p-24f, -0x3ffp-24f, -INFINITY};
    static const uint16_t bf16[] = {0x3f80, 0xc049, 0x7f7f};
    static const float bf16_as[] = {1, -3.140625f, 0x1.fep127f};
    static const double f64[] = {1. / 3, 1e300};
    static const int64_t i64 = -3;
    char *folder = make_folder(), path[256];
    struct mr_weights_file *file = NULL;
    struct mr_error err;
    float *x = NULL;
    size_t n;
    unsigned char *data = make_file(json, strlen(json), 54, &n), *at = data + 8 + strlen(json);

    memcpy(at, f32, 8);
    memcpy(at + 8, f16, 16);
    memcpy(at + 24, bf16, 6);
    memcpy(at + 30, f64, 16);
    memcpy(at + 46, &i64, 8);
    snprintf(path, sizeof path, "%s/x.safetensors", folder);
    write_file(path, data, n);
    assert_ok(mr_weights_file_open(&file, NULL, path, &err), err);
    assert_ok(mr_weights_file_floats(file, "f32", &x, &n, &err), err);
    assert_int_equal(n, 2);
    assert_memory_equal(x, f32, sizeof f32);
    free(x);
    assert_ok(mr_weights_file_floats(file, "f16", &x, &n, &err), err);
    for (int i = 0; i < 7; i++)
        assert_true(x[i] == f16_as[i]);
    assert_true(isnan(x[7]));
    free(x);
    assert_ok(mr_weights_file_floats(file, "bf16", &x, &n, &err), err);
    for (int i = 0; i < 3; i++)
        assert_true(x[i] == bf16_as[i]);
    free(x);
    assert_ok(mr_weights_file_floats(file, "f64", &x, &n, &err), err);
    assert_true(n == 2 && x[0] == (float)(1. / 3) && isinf(x[1]));
    free(x);
    assert_ok(mr_weights_file_floats(file, "i64", &x, &n, &err), err);
    assert_true(n == 1 && x[0] == -3);
    free(x);
    assert_int_equal(mr_weights_file_floats(file, "none", &x, &n, &err), MR_E_NOT_FOUND);
    assert_null(mr_weights_file_text(file, "none"));
    mr_weights_file_close(file);
    free(data);
    remove_folder(folder);
}

static void refuses_what_is_not_a_file(void **state)
{
    struct mr_weights_file *file = NULL;
    struct mr_error err;

    assert_int_not_equal(mr_weights_file_open(&file, NULL, "/tmp", &err), MR_OK);
    assert_int_not_equal(mr_weights_file_open(&file, NULL, "/nonexistent/x", &err), MR_OK);
    assert_non_null(strstr(err.message, "/nonexistent/x"));
    assert_null(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_header),
        cmocka_unit_test(refuses_each_malformation_in_a_sentence),
        cmocka_unit_test(refuses_lengths_that_lie),
        cmocka_unit_test(limits_the_number_of_tensors),
        cmocka_unit_test(survives_every_truncation_and_many_mutations),
        cmocka_unit_test(converts_each_type_exactly),
        cmocka_unit_test(refuses_what_is_not_a_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
