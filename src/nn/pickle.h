/* SPDX-License-Identifier: MIT */
/*
 * Python's pickle, read as data: nothing is imported, called or built. A call stays a value that
 * says which function was to be called with what; whoever reads it decides what that means. Only
 * the opcodes and names that a state_dict needs are known, all others are refused.
 */
#ifndef MISREAD_NN_PICKLE_H
#define MISREAD_NN_PICKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <misread/base/status.h>

/* X(name, module, its name there) */
#define MR_PICKLE_GLOBAL_LIST(X)                               \
    X(ORDERED_DICT, "collections", "OrderedDict")              \
    X(REBUILD_TENSOR, "torch._utils", "_rebuild_tensor_v2")    \
    X(REBUILD_PARAMETER, "torch._utils", "_rebuild_parameter") \
    X(FLOAT_STORAGE, "torch", "FloatStorage")                  \
    X(HALF_STORAGE, "torch", "HalfStorage")                    \
    X(BFLOAT16_STORAGE, "torch", "BFloat16Storage")            \
    X(DOUBLE_STORAGE, "torch", "DoubleStorage")                \
    X(LONG_STORAGE, "torch", "LongStorage")

enum mr_pickle_global {
#define X(name, module, text) MR_PICKLE_##name,
    MR_PICKLE_GLOBAL_LIST(X)
#undef X
        MR_N_PICKLE_GLOBAL
};

enum mr_pickle_kind {
    MR_PICKLE_NONE,
    MR_PICKLE_BOOL,
    MR_PICKLE_INT,
    MR_PICKLE_REAL, /* or an integer of more than 64 bits: no value is kept */
    MR_PICKLE_TEXT,
    MR_PICKLE_TUPLE,
    MR_PICKLE_LIST,
    MR_PICKLE_DICT,       /* items: keys and values in turn */
    MR_PICKLE_GLOBAL,     /* number: which */
    MR_PICKLE_CALL,       /* number: which global; items: the arguments */
    MR_PICKLE_PERSISTENT, /* items: those of the tuple that identifies it */
};

struct mr_pickle_value {
    enum mr_pickle_kind kind;
    int depth;                 /* of nesting */
    int64_t number;            /* of BOOL, INT, GLOBAL and CALL */
    const unsigned char *text; /* borrowed from the pickle; not terminated */
    size_t n_text;
    uint32_t first, last; /* nodes of the items; 0: none */
    uint32_t n_items;
};

struct mr_pickle;

/* Reads the n bytes of one pickle of protocol 2. The sentence of a refusal is only the reason. */
enum mr_status mr_pickle_parse(struct mr_pickle **pickle, const unsigned char *data, size_t n,
                               struct mr_error *err) MR_NODISCARD;
void mr_pickle_destroy(struct mr_pickle *pickle);

const struct mr_pickle_value *mr_pickle_root(const struct mr_pickle *pickle);

/* The items of a value, in their order: start with mr_pickle_items(value). */
struct mr_pickle_items {
    uint32_t node;
};
struct mr_pickle_items mr_pickle_items(const struct mr_pickle_value *value);
/* NULL behind the last. */
const struct mr_pickle_value *mr_pickle_next(const struct mr_pickle *pickle,
                                             struct mr_pickle_items *items);

bool mr_pickle_is_text(const struct mr_pickle_value *value, const char *text);

#endif
