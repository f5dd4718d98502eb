/* SPDX-License-Identifier: MIT */
/* Weights in safetensors files: read with every check of the format, written whole or not at all.
 */
#ifndef MISREAD_NN_WEIGHTS_H
#define MISREAD_NN_WEIGHTS_H

#include <stdbool.h>
#include <stddef.h>

#include <misread/base/status.h>

struct mr_model;

/* What a load did; names live until the report is finished. */
struct mr_weights_report {
    int n_loaded;
    char **missing; /* owned: the model's tensors that the file lacks */
    int n_missing;
    char **unexpected; /* owned: the file's tensors that the model lacks */
    int n_unexpected;
};
void mr_weights_report_finish(struct mr_weights_report *report);

/*
 * Reads F32/F16/BF16/F64 tensors of a safetensors file into the model by torchvision's names;
 * num_batches_tracked and names beginning with '_' are ignored. Malformed files, wrong shapes and
 * values that are not finite are refused in one sentence and leave the model untouched. Missing or
 * unexpected names are an error unless report is given.
 */
enum mr_status mr_weights_load(struct mr_model *model, const char *path,
                               struct mr_weights_report *report, struct mr_error *err) MR_NODISCARD;

/* An extra tensor or text that goes into a file beside the model's own tensors. */
struct mr_weights_extra {
    const char *name;  /* e.g. "_opt.momentum" */
    const float *data; /* borrowed */
    size_t n;
};
struct mr_weights_text {
    const char *key; /* in __metadata__ */
    const char *value;
};

/* Writes the model (torchvision's names and layout, F32) with extras and metadata: temporary file,
 * fsync, rename. Refuses weights that are not finite. */
enum mr_status mr_weights_save(const struct mr_model *model, const char *path,
                               const struct mr_weights_extra *extras, int n_extras,
                               const struct mr_weights_text *texts, int n_texts,
                               struct mr_error *err) MR_NODISCARD;

/* A safetensors file opened for its extras and metadata. */
struct mr_safetensors;
enum mr_status mr_safetensors_open(struct mr_safetensors **file, const char *path,
                                   struct mr_error *err) MR_NODISCARD;
void mr_safetensors_close(struct mr_safetensors *file);
/* NULL if absent; lives as long as file. */
const char *mr_safetensors_text(const struct mr_safetensors *file, const char *key);
/* Converts a tensor to float. *data owned by the caller (free). MR_E_NOT_FOUND if absent. */
enum mr_status mr_safetensors_floats(const struct mr_safetensors *file, const char *name,
                                     float **data, size_t *n, struct mr_error *err) MR_NODISCARD;

#endif
