/* SPDX-License-Identifier: MIT */
/*
 * Files of weights, told apart by content: safetensors, and what torch.save makes of a state_dict
 * (zip and pickle). Nothing in a file is ever executed; all that it says is checked before it is
 * believed.
 */
#ifndef MISREAD_NN_WEIGHTS_FILE_H
#define MISREAD_NN_WEIGHTS_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include <misread/base/status.h>

struct mr_sandbox;
struct mr_sandbox_call;

#define MR_WEIGHTS_RANK_MAX 8

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

const char *mr_dtype_text(enum mr_dtype dtype);

struct mr_weights_tensor {
    char *name; /* printable UTF-8; lives as long as the file is open */
    enum mr_dtype dtype;
    int n_dims; /* 0: a single number */
    size_t shape[MR_WEIGHTS_RANK_MAX];
    size_t stride[MR_WEIGHTS_RANK_MAX]; /* elements from one to the next along a dimension */
    size_t n;                           /* elements */
    size_t begin;                       /* byte of the file in which the first element begins */
    size_t end;                         /* behind the last byte that its elements may take */
};

/* The parser that a sandbox must have at this place of its table to be of use here; and the bytes
 * of input that it must take. */
#define MR_WEIGHTS_PARSER    1
#define MR_WEIGHTS_MAX_BYTES ((size_t)512 << 20)
void mr_weights_parse(struct mr_sandbox_call *call);

struct mr_weights_file;

/*
 * Reads a whole file and finds its tensors. With a sandbox the parsing runs in a decoder (files of
 * at most MR_WEIGHTS_MAX_BYTES) and the answer is checked again; NULL parses here (at most 4 GiB).
 * MR_E_FORMAT with a sentence for whatever is malformed; what torch.save made of a whole module,
 * and files of PyTorch before 1.6, are refused with what to do instead.
 */
enum mr_status mr_weights_file_open(struct mr_weights_file **file, struct mr_sandbox *sandbox,
                                    const char *path, struct mr_error *err) MR_NODISCARD;
void mr_weights_file_close(struct mr_weights_file *file);

const struct mr_weights_tensor *mr_weights_file_tensors(const struct mr_weights_file *file,
                                                        int *n_tensors);
/* NULL if absent. */
const struct mr_weights_tensor *mr_weights_file_find(const struct mr_weights_file *file,
                                                     const char *name);
/* A text of the metadata of a safetensors file; NULL if absent; lives as long as file. */
const char *mr_weights_file_text(const struct mr_weights_file *file, const char *key);
/* Converts to dst (tensor->n floats, in the order of its shape). F16 and BF16 exactly, F64 and I64
 * rounded. */
void mr_weights_file_convert(const struct mr_weights_file *file,
                             const struct mr_weights_tensor *tensor, float *dst);
/* The same into *data, owned by the caller (free). MR_E_NOT_FOUND if there is no such tensor. */
enum mr_status mr_weights_file_floats(const struct mr_weights_file *file, const char *name,
                                      float **data, size_t *n, struct mr_error *err) MR_NODISCARD;

#endif
