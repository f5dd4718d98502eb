/* SPDX-License-Identifier: MIT */
/* A model's weights to and from safetensors. Loading stages everything before it touches the model.
 */
#include <misread/nn/weights.h>

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <misread/base/alloc.h>
#include <misread/base/file.h>
#include <misread/nn/model.h>

#include "safetensors.h"

void mr_weights_report_finish(struct mr_weights_report *report)
{
    for (int i = 0; i < report->n_missing; i++)
        free(report->missing[i]);
    for (int i = 0; i < report->n_unexpected; i++)
        free(report->unexpected[i]);
    free(report->missing);
    free(report->unexpected);
    *report = (struct mr_weights_report){0};
}

static void add_name(char ***names, int *n, const char *name)
{
    *names = mr_xrealloc(*names, (size_t)*n + 1, sizeof **names);
    (*names)[(*n)++] = mr_xstrdup(name);
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n >= m && !strcmp(text + n - m, end);
}

static bool is_ignored(const char *name)
{
    return name[0] == '_' || ends_with(name, "num_batches_tracked");
}

static bool all_finite(const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i]))
            return false;
    return true;
}

/* ---- load ---- */

static bool has_shape(const struct mr_safetensors_tensor *t, const struct mr_tensor *wanted)
{
    if (t->n_dims != wanted->n_dims)
        return false;
    for (int d = 0; d < t->n_dims; d++)
        if (t->shape[d] != (size_t)wanted->shape[d])
            return false;
    return true;
}

/* A variance of exactly zero is that of a dead channel, which training can make. */
static bool has_negative(const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (x[i] < 0)
            return true;
    return false;
}

static enum mr_status stage_tensor(const struct mr_safetensors *file, const char *path,
                                   const struct mr_safetensors_tensor *t,
                                   const struct mr_tensor *wanted, float *dst, struct mr_error *err)
{
    if (!has_shape(t, wanted))
        return mr_fail(err, MR_E_FORMAT,
                       "cannot load '%s': tensor '%s' has not the shape that the model needs", path,
                       wanted->name);
    if (!mr_safetensors_convert(file, t, dst))
        return mr_fail(err, MR_E_FORMAT,
                       "cannot load '%s': tensor '%s' does not hold floating-point numbers", path,
                       wanted->name);
    if (!all_finite(dst, t->n))
        return mr_fail(err, MR_E_NUMERIC,
                       "cannot load '%s': tensor '%s' has values that are not finite", path,
                       wanted->name);
    if (ends_with(wanted->name, "running_var") && has_negative(dst, t->n))
        return mr_fail(err, MR_E_NUMERIC, "cannot load '%s': tensor '%s' has a negative variance",
                       path, wanted->name);
    return MR_OK;
}

static void note_unexpected(const struct mr_model *model, const struct mr_safetensors *file,
                            struct mr_weights_report *found)
{
    const struct mr_safetensors_header *h = mr_safetensors_get_header(file);

    for (int i = 0; i < h->n_tensors; i++) {
        const char *name = h->tensors[i].name;

        if (!is_ignored(name) && !mr_model_find_tensor(model, name))
            add_name(&found->unexpected, &found->n_unexpected, name);
    }
}

/* Converts what the file has into staged, tensor by tensor at the model's offsets. */
static enum mr_status stage(const struct mr_model *model, const struct mr_safetensors *file,
                            const char *path, float *staged, struct mr_weights_report *found,
                            struct mr_error *err)
{
    int n;
    const struct mr_tensor *tensors = mr_model_tensors(model, &n);

    for (int i = 0; i < n; i++) {
        const struct mr_safetensors_tensor *t = mr_safetensors_find(file, tensors[i].name);
        enum mr_status st;

        if (!t) {
            add_name(&found->missing, &found->n_missing, tensors[i].name);
            continue;
        }
        st = stage_tensor(file, path, t, &tensors[i], staged + tensors[i].offset, err);
        if (st)
            return st;
        found->n_loaded++;
    }
    note_unexpected(model, file, found);
    return MR_OK;
}

static enum mr_status demand_complete(const struct mr_weights_report *found, const char *path,
                                      struct mr_error *err)
{
    if (found->n_missing)
        return mr_fail(err, MR_E_FORMAT, "cannot load '%s': it lacks tensor '%s' and %d more", path,
                       found->missing[0], found->n_missing - 1);
    if (found->n_unexpected)
        return mr_fail(err, MR_E_FORMAT,
                       "cannot load '%s': the model has no tensor '%s', nor %d more of the file",
                       path, found->unexpected[0], found->n_unexpected - 1);
    return MR_OK;
}

static bool is_listed(char **names, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (!strcmp(names[i], name))
            return true;
    return false;
}

static void take(struct mr_model *model, const float *staged, const struct mr_weights_report *found)
{
    int n;
    const struct mr_tensor *tensors = mr_model_tensors(model, &n);

    for (int i = 0; i < n; i++)
        if (!is_listed(found->missing, found->n_missing, tensors[i].name))
            mr_model_set_tensor(model, &tensors[i], staged + tensors[i].offset);
}

enum mr_status mr_weights_load(struct mr_model *model, const char *path,
                               struct mr_weights_report *report, struct mr_error *err)
{
    struct mr_weights_report found = {0};
    struct mr_safetensors *file = NULL;
    float *staged = NULL;
    enum mr_status st = mr_safetensors_open(&file, path, err);

    if (st)
        return st;
    staged = malloc(mr_model_n_params(model) * sizeof *staged);
    if (!staged) {
        st = mr_fail(err, MR_E_NOMEM, "no memory for the weights of '%s'", path);
        goto out;
    }
    st = stage(model, file, path, staged, &found, err);
    if (!st && !report)
        st = demand_complete(&found, path, err);
    if (st)
        goto out;
    take(model, staged, &found);
    if (report) {
        *report = found;
        found = (struct mr_weights_report){0};
    }
out:
    mr_weights_report_finish(&found);
    free(staged);
    mr_safetensors_close(file);
    return st;
}

/* ---- save ---- */

static void add_entry(cJSON *root, const char *name, const double *shape, int n_dims, size_t *at,
                      size_t n)
{
    cJSON *entry = cJSON_AddObjectToObject(root, name);
    cJSON *dims, *offsets;

    cJSON_AddStringToObject(entry, "dtype", "F32");
    dims = cJSON_AddArrayToObject(entry, "shape");
    for (int d = 0; d < n_dims; d++)
        cJSON_AddItemToArray(dims, cJSON_CreateNumber(shape[d]));
    offsets = cJSON_AddArrayToObject(entry, "data_offsets");
    cJSON_AddItemToArray(offsets, cJSON_CreateNumber((double)*at));
    *at += n * sizeof(float);
    cJSON_AddItemToArray(offsets, cJSON_CreateNumber((double)*at));
}

/* What a save is made of. */
struct save {
    const struct mr_model *model;
    const struct mr_weights_extra *extras;
    int n_extras;
    const struct mr_weights_text *texts;
    int n_texts;
};

/* The header, padded with spaces to a multiple of 8; owned by the caller. NULL: no memory. */
static char *make_header(const struct save *s)
{
    int n;
    const struct mr_tensor *tensors = mr_model_tensors(s->model, &n);
    cJSON *root = cJSON_CreateObject();
    size_t at = 0, length;
    char *json, *padded;

    if (s->n_texts) {
        cJSON *metadata = cJSON_AddObjectToObject(root, "__metadata__");

        for (int i = 0; i < s->n_texts; i++)
            cJSON_AddStringToObject(metadata, s->texts[i].key, s->texts[i].value);
    }
    for (int i = 0; i < n; i++) {
        double shape[4];

        for (int d = 0; d < tensors[i].n_dims; d++)
            shape[d] = tensors[i].shape[d];
        add_entry(root, tensors[i].name, shape, tensors[i].n_dims, &at, tensors[i].n);
    }
    for (int i = 0; i < s->n_extras; i++) {
        double shape = (double)s->extras[i].n;

        add_entry(root, s->extras[i].name, &shape, 1, &at, s->extras[i].n);
    }
    json = cJSON_PrintUnformatted(root);
    cJSON_Delete(root);
    if (!json)
        return NULL;
    length = strlen(json);
    padded = mr_xasprintf("%s%*s", json, (int)((8 - length % 8) % 8), "");
    free(json);
    return padded;
}

/* staged holds the tensors one behind the other, in their order. */
static enum mr_status check_finite(const struct save *s, const float *staged, const char *path,
                                   struct mr_error *err)
{
    int n;
    const struct mr_tensor *tensors = mr_model_tensors(s->model, &n);

    for (int i = 0; i < n; staged += tensors[i++].n)
        if (!all_finite(staged, tensors[i].n))
            return mr_fail(err, MR_E_NUMERIC,
                           "cannot save '%s': tensor '%s' has values that are not finite", path,
                           tensors[i].name);
    for (int i = 0; i < s->n_extras; i++)
        if (!all_finite(s->extras[i].data, s->extras[i].n))
            return mr_fail(err, MR_E_NUMERIC,
                           "cannot save '%s': '%s' has values that are not finite", path,
                           s->extras[i].name);
    return MR_OK;
}

/* One piece each: length, header, all of the model's tensors, every extra. */
static enum mr_status write_parts(const struct save *s, const char *path, const char *header,
                                  const float *staged, struct mr_error *err)
{
    uint64_t length = strlen(header);
    struct mr_file_part *parts = mr_xalloc(3 + (size_t)s->n_extras, sizeof *parts);
    enum mr_status st;

    parts[0] = (struct mr_file_part){&length, sizeof length};
    parts[1] = (struct mr_file_part){header, (size_t)length};
    parts[2] = (struct mr_file_part){staged, mr_model_n_params(s->model) * sizeof *staged};
    for (int i = 0; i < s->n_extras; i++)
        parts[3 + i] =
            (struct mr_file_part){s->extras[i].data, s->extras[i].n * sizeof *s->extras[i].data};
    st = mr_file_write(path, 0600, parts, 3 + (size_t)s->n_extras, err);
    free(parts);
    return st;
}

enum mr_status mr_weights_save(const struct mr_model *model, const char *path,
                               const struct mr_weights_extra *extras, int n_extras,
                               const struct mr_weights_text *texts, int n_texts,
                               struct mr_error *err)
{
    struct save s = {model, extras, n_extras, texts, n_texts};
    int n;
    const struct mr_tensor *tensors = mr_model_tensors(model, &n);
    float *staged = malloc(mr_model_n_params(model) * sizeof *staged), *at = staged;
    char *header = make_header(&s);
    enum mr_status st;

    if (!staged || !header) {
        st = mr_fail(err, MR_E_NOMEM, "no memory to save '%s'", path);
        goto out;
    }
    for (int i = 0; i < n; i++, at += tensors[i - 1].n)
        mr_model_get_tensor(model, &tensors[i], at);
    st = check_finite(&s, staged, path, err);
    if (!st)
        st = write_parts(&s, path, header, staged, err);
out:
    free(header);
    free(staged);
    return st;
}
