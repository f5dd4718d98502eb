/* SPDX-License-Identifier: MIT */
/* A model's weights from a file and to one: read with every check of the format, written
 * (safetensors) whole or not at all. */
#ifndef MISREAD_NN_WEIGHTS_H
#define MISREAD_NN_WEIGHTS_H

#include <stdbool.h>
#include <stddef.h>

#include <misread/base/status.h>

struct mr_model;
struct mr_sandbox;

/* What a load did; names live until the report is finished. */
struct mr_weights_report {
    int n_loaded;
    bool is_head_new; /* mr_weights_start: the file's head did not fit */
    char **missing;   /* owned: the model's tensors that the file lacks */
    int n_missing;
    char **unexpected; /* owned: the file's tensors that the model lacks */
    int n_unexpected;
};
void mr_weights_report_finish(struct mr_weights_report *report);

/*
 * Reads the tensors of a file that this program wrote, or one like it (mr_weights_file_open, parsed
 * here), into the model by torchvision's names; num_batches_tracked and names beginning with '_'
 * are ignored. Malformed files, wrong shapes, integers and values that are not finite are refused
 * in one sentence and leave the model untouched. Missing or unexpected names are an error unless
 * report is given.
 */
enum mr_status mr_weights_load(struct mr_model *model, const char *path,
                               struct mr_weights_report *report, struct mr_error *err) MR_NODISCARD;

/*
 * Reads weights to start from, trained on other classes, parsed in a decoder of the sandbox (NULL:
 * here). The body (conv1, bn1, layer1 to layer4) must be there whole and have no more than the
 * model's; the head is loaded if all of it is there and fits, else it stays as it is. classes: what
 * the head is to tell apart; a file whose metadata names other "classes" has no head that fits; may
 * be NULL. Everything that mr_weights_load refuses is refused, and variances of zero too, unless
 * the file names these very classes. report may be NULL.
 */
enum mr_status mr_weights_start(struct mr_model *model, struct mr_sandbox *sandbox,
                                const char *path, const char *classes,
                                struct mr_weights_report *report,
                                struct mr_error *err) MR_NODISCARD;

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

#endif
