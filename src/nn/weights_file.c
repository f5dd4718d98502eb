/* SPDX-License-Identifier: MIT */
/* A file in memory and what its parser said of it. What comes from a decoder is unpacked with
 * distrust; which of its bytes are whose is all that it can decide. */
#include <misread/nn/weights_file.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/file.h>
#include <misread/base/sandbox.h>

#include "directory.h"
#include "safetensors.h"
#include "torch.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are copied as they lie");

#define FILE_MAX ((size_t)4 << 30)

struct mr_weights_file {
    unsigned char *data; /* owned: the whole file */
    size_t n;
    char *path; /* owned */
    struct mr_directory directory;
};

/* ---- formats ---- */

struct format {
    const char *name;
    enum mr_status (*parse)(struct mr_directory *directory, const unsigned char *data, size_t n,
                            struct mr_error *err);
};

static enum mr_status parse_unknown(struct mr_directory *directory, const unsigned char *data,
                                    size_t n, struct mr_error *err)
{
    return mr_fail(err, MR_E_FORMAT, "it is neither safetensors nor a file of torch.save");
}

static const struct format *find_format(const unsigned char *data, size_t n)
{
    static const struct format safetensors = {"safetensors", mr_safetensors_parse};
    static const struct format torch = {"PyTorch weights", mr_torch_parse};
    static const struct format unknown = {"weights", parse_unknown};

    if (n > 8 && data[8] == '{')
        return &safetensors;
    return n > 1 && (!memcmp(data, "PK", 2) || !memcmp(data, "\x80\x02", 2)) ? &torch : &unknown;
}

/* ---- in a decoder ---- */

void mr_weights_parse(struct mr_sandbox_call *call)
{
    struct mr_directory directory = {0};
    struct mr_error err;

    call->status = find_format(call->in, call->n_in)->parse(&directory, call->in, call->n_in, &err);
    if (call->status) {
        snprintf(call->message, sizeof call->message, "%.*s", (int)sizeof call->message - 1,
                 err.message);
        return;
    }
    if (!mr_directory_pack(&directory, call->out, call->out_cap, &call->n_out)) {
        call->status = MR_E_LIMIT;
        snprintf(call->message, sizeof call->message, "its list of tensors is too long");
    }
    mr_directory_finish(&directory);
}

/* ---- in the program ---- */

static enum mr_status take_directory(void *ctx, const struct mr_sandbox_call *call,
                                     struct mr_error *err)
{
    struct mr_weights_file *file = ctx;

    if (call->n_out > call->out_cap ||
        !mr_directory_unpack(&file->directory, call->out, call->n_out, file->n))
        return mr_fail(err, MR_E_SANDBOX, "the decoder answered nonsense and was stopped");
    return MR_OK;
}

static enum mr_status parse(struct mr_weights_file *file, struct mr_sandbox *sandbox,
                            struct mr_error *err)
{
    const struct format *format = find_format(file->data, file->n);
    struct mr_error why = {0};
    enum mr_status st;

    st = sandbox ? mr_sandbox_run(sandbox, MR_SANDBOX_WORK, MR_WEIGHTS_PARSER, file->data, file->n,
                                  NULL, take_directory, file, &why)
                 : format->parse(&file->directory, file->data, file->n, &why);
    if (st)
        return mr_fail(err, st, "cannot read '%s' as %s: %s", file->path, format->name,
                       why.message);
    return MR_OK;
}

enum mr_status mr_weights_file_open(struct mr_weights_file **file, struct mr_sandbox *sandbox,
                                    const char *path, struct mr_error *err)
{
    struct mr_weights_file *f = mr_xalloc(1, sizeof *f);
    enum mr_status st;

    f->path = mr_xstrdup(path);
    st = mr_file_read(path, sandbox ? MR_WEIGHTS_MAX_BYTES : FILE_MAX, &f->data, &f->n, err);
    if (!st)
        st = parse(f, sandbox, err);
    if (st) {
        mr_weights_file_close(f);
        return st;
    }
    *file = f;
    return MR_OK;
}

void mr_weights_file_close(struct mr_weights_file *file)
{
    if (!file)
        return;
    mr_directory_finish(&file->directory);
    free(file->data);
    free(file->path);
    free(file);
}

const struct mr_weights_tensor *mr_weights_file_tensors(const struct mr_weights_file *file,
                                                        int *n_tensors)
{
    *n_tensors = file->directory.n_tensors;
    return file->directory.tensors;
}

const struct mr_weights_tensor *mr_weights_file_find(const struct mr_weights_file *file,
                                                     const char *name)
{
    return mr_directory_find(&file->directory, name);
}

const char *mr_weights_file_text(const struct mr_weights_file *file, const char *key)
{
    for (int i = 0; i < file->directory.n_texts; i++)
        if (!strcmp(file->directory.texts[i].key, key))
            return file->directory.texts[i].value;
    return NULL;
}

/* ---- numbers ---- */

static float bits_to_float(uint32_t bits)
{
    float f;

    memcpy(&f, &bits, sizeof f);
    return f;
}

/* IEEE 754 binary16 to binary32, exact. */
static float half_to_float(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 31, fraction = h & 0x3ff;

    if (exponent == 31) /* infinity, NaN */
        return bits_to_float(sign | 0x7f800000u | fraction << 13);
    if (exponent) /* the bias grows from 15 to 127 */
        return bits_to_float(sign | (exponent + 112) << 23 | fraction << 13);
    /* zero and subnormal: fraction / 2^24 */
    return (sign ? -1.0f : 1.0f) * ((float)fraction * 0x1p-24f);
}

static void from_f32(float *dst, const unsigned char *src, size_t n)
{
    memcpy(dst, src, n * sizeof *dst);
}

static void from_f16(float *dst, const unsigned char *src, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint16_t h;

        memcpy(&h, src + i * sizeof h, sizeof h);
        dst[i] = half_to_float(h);
    }
}

static void from_bf16(float *dst, const unsigned char *src, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint16_t h;

        memcpy(&h, src + i * sizeof h, sizeof h);
        dst[i] = bits_to_float((uint32_t)h << 16);
    }
}

static void from_f64(float *dst, const unsigned char *src, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double d;

        memcpy(&d, src + i * sizeof d, sizeof d);
        dst[i] = (float)d;
    }
}

static void from_i64(float *dst, const unsigned char *src, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int64_t whole;

        memcpy(&whole, src + i * sizeof whole, sizeof whole);
        dst[i] = (float)whole;
    }
}

static void (*const converters[])(float *dst, const unsigned char *src, size_t n) = {
    [MR_DTYPE_F32] = from_f32, [MR_DTYPE_F16] = from_f16, [MR_DTYPE_BF16] = from_bf16,
    [MR_DTYPE_F64] = from_f64, [MR_DTYPE_I64] = from_i64,
};

static bool is_dense(const struct mr_weights_tensor *t)
{
    size_t stride = 1;

    for (int d = t->n_dims - 1; d >= 0; d--) {
        if (t->shape[d] > 1 && t->stride[d] != stride)
            return false;
        stride *= t->shape[d];
    }
    return true;
}

/* From an element, at so many from the first, to the next in the order of the shape. index counts
 * in each dimension. */
static size_t next_element(const struct mr_weights_tensor *t, size_t index[MR_WEIGHTS_RANK_MAX],
                           size_t at)
{
    for (int d = t->n_dims - 1; d >= 0; d--) {
        at += t->stride[d];
        if (++index[d] < t->shape[d])
            break;
        at -= index[d] * t->stride[d];
        index[d] = 0;
    }
    return at;
}

void mr_weights_file_convert(const struct mr_weights_file *file,
                             const struct mr_weights_tensor *tensor, float *dst)
{
    const unsigned char *src = file->data + tensor->begin;
    size_t index[MR_WEIGHTS_RANK_MAX] = {0}, at = 0, size = mr_dtype_size(tensor->dtype);

    if (is_dense(tensor)) {
        converters[tensor->dtype](dst, src, tensor->n);
        return;
    }
    for (size_t i = 0; i < tensor->n; i++) {
        converters[tensor->dtype](dst + i, src + at * size, 1);
        at = next_element(tensor, index, at);
    }
}

enum mr_status mr_weights_file_floats(const struct mr_weights_file *file, const char *name,
                                      float **data, size_t *n, struct mr_error *err)
{
    const struct mr_weights_tensor *t = mr_weights_file_find(file, name);
    size_t n_bytes;
    float *floats;

    if (!t)
        return mr_fail(err, MR_E_NOT_FOUND, "there is no tensor '%s' in '%s'", name, file->path);
    floats = mr_size_mul(t->n, sizeof *floats, &n_bytes) ? malloc(n_bytes ? n_bytes : 1) : NULL;
    if (!floats)
        return mr_fail(err, MR_E_NOMEM, "no memory for tensor '%s' of '%s'", name, file->path);
    mr_weights_file_convert(file, t, floats);
    *data = floats;
    *n = t->n;
    return MR_OK;
}
