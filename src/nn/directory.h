/* SPDX-License-Identifier: MIT */
/* What a file of weights says is in it, whichever its format: the result of parsing, how it crosses
 * from a decoder to the program, and the checks that both formats share. */
#ifndef MISREAD_NN_DIRECTORY_H
#define MISREAD_NN_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>

#include <misread/base/status.h>
#include <misread/nn/weights_file.h>

#define MR_DIRECTORY_TENSORS_MAX 4096
#define MR_DIRECTORY_NAME_MAX    256

struct mr_directory_text {
    char *key, *value; /* owned */
};

struct mr_directory {
    struct mr_weights_tensor *tensors; /* owned, with their names */
    int n_tensors;
    struct mr_directory_text *texts; /* owned */
    int n_texts;
};

void mr_directory_finish(struct mr_directory *directory);
/* NULL if absent. */
const struct mr_weights_tensor *mr_directory_find(const struct mr_directory *directory,
                                                  const char *name);

/* To and from bytes. Packing returns false if cap is too small; unpacking, if the bytes are not
 * those of a directory of a file of n_file bytes in which every element of every tensor lies: it
 * trusts nothing. */
bool mr_directory_pack(const struct mr_directory *directory, unsigned char *out, size_t cap,
                       size_t *n);
bool mr_directory_unpack(struct mr_directory *directory, const unsigned char *in, size_t n,
                         size_t n_file);

/* Bytes of one element. */
size_t mr_dtype_size(enum mr_dtype dtype);
/* tensor->n from its shape. False if it does not fit. */
bool mr_directory_count(struct mr_weights_tensor *tensor) MR_NODISCARD;
/* Elements from the first to the last, both included; 0 if there are none. False if that does not
 * fit. */
bool mr_directory_span(const struct mr_weights_tensor *tensor, size_t *span) MR_NODISCARD;
/* Strides of elements that lie one behind the other, the last dimension fastest. */
void mr_directory_set_dense(struct mr_weights_tensor *tensor);

bool mr_text_is_utf8(const unsigned char *s, size_t n);
/* UTF-8 of 1 to MR_DIRECTORY_NAME_MAX bytes without control characters, old ones or U+0080 to
 * U+009F. */
bool mr_text_is_name(const char *s, size_t n);

#endif
