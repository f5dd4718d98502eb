/* SPDX-License-Identifier: MIT */
/* The header of a safetensors file, parsed and checked: a pure function of the bytes. */
#ifndef MISREAD_NN_SAFETENSORS_H
#define MISREAD_NN_SAFETENSORS_H

#include <stdbool.h>
#include <stddef.h>

#include <misread/base/status.h>
#include <misread/nn/weights.h>

#define MR_SAFETENSORS_HEADER_MAX  ((size_t)4 << 20)
#define MR_SAFETENSORS_TENSORS_MAX 4096
#define MR_SAFETENSORS_RANK_MAX    8
#define MR_SAFETENSORS_NAME_MAX    256
#define MR_SAFETENSORS_FILE_MAX    ((size_t)4 << 30)

/* X(name, bytes) */
#define MR_DTYPE_LIST(X) \
    X(F32, 4)            \
    X(F16, 2)            \
    X(BF16, 2)           \
    X(F64, 8)            \
    X(I64, 8)

enum mr_dtype {
#define X(name, bytes) MR_DTYPE_##name,
    MR_DTYPE_LIST(X)
#undef X
        MR_N_DTYPE
};

struct mr_safetensors_tensor {
    char *name; /* owned; printable UTF-8 */
    enum mr_dtype dtype;
    int n_dims;
    size_t shape[MR_SAFETENSORS_RANK_MAX];
    size_t n;          /* elements */
    size_t begin, end; /* bytes from the start of the file */
};

struct mr_safetensors_pair {
    char *key, *value; /* owned */
};

struct mr_safetensors_header {
    struct mr_safetensors_tensor *tensors; /* owned; in the order of their bytes */
    int n_tensors;
    struct mr_safetensors_pair *texts; /* owned: __metadata__ */
    int n_texts;
};

/*
 * Parses the n bytes of a whole file; only the header is read. name is what the sentence of a
 * refusal calls the file. On failure nothing is owned by the caller.
 */
enum mr_status mr_safetensors_parse(struct mr_safetensors_header *header, const unsigned char *data,
                                    size_t n, const char *name, struct mr_error *err) MR_NODISCARD;
void mr_safetensors_header_finish(struct mr_safetensors_header *header);

const struct mr_safetensors_header *mr_safetensors_get_header(const struct mr_safetensors *file);
/* NULL if absent. */
const struct mr_safetensors_tensor *mr_safetensors_find(const struct mr_safetensors *file,
                                                        const char *name);
/* Converts to dst (tensor->n floats). False for integers. */
bool mr_safetensors_convert(const struct mr_safetensors *file,
                            const struct mr_safetensors_tensor *tensor, float *dst);

#endif
