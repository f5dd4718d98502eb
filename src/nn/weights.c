/* SPDX-License-Identifier: MIT */
/* A model's weights from files and to safetensors. Loading stages everything before it touches the
 * model. */
#include <misread/nn/weights.h>

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <misread/base/alloc.h>
#include <misread/base/file.h>
#include <misread/nn/model.h>
#include <misread/nn/weights_file.h>

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

/* What a load is made of. */
struct load {
    const struct mr_model *model;
    const struct mr_weights_file *file;
    const char *path;
    float least_var;      /* variances below are refused */
    const char *classes;  /* of the model's head; NULL: not asked */
    bool may_differ_head; /* a head of another shape is one that is missing */
    bool is_of_others;    /* so is one that tells other classes apart */
    float *staged;        /* the model's parameters, at its offsets */
    struct mr_weights_report found;
    struct mr_error *err;
};

static bool has_shape(const struct mr_weights_tensor *t, const struct mr_tensor *wanted)
{
    if (t->n_dims != wanted->n_dims)
        return false;
    for (int d = 0; d < t->n_dims; d++)
        if (t->shape[d] != (size_t)wanted->shape[d])
            return false;
    return true;
}

/* All but the head, by torchvision's names. */
static bool is_body(const char *name)
{
    static const char *const beginnings[] = {"conv1.", "bn1.", "layer"};

    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
        if (!strncmp(name, beginnings[i], strlen(beginnings[i])))
            return true;
    return false;
}

static bool has_below(const float *x, size_t n, float least)
{
    for (size_t i = 0; i < n; i++)
        if (x[i] < least)
            return true;
    return false;
}

static enum mr_status refuse(const struct load *load, enum mr_status status, const char *tensor,
                             const char *what)
{
    return mr_fail(load->err, status, "cannot load '%s': tensor '%s' %s", load->path, tensor, what);
}

static enum mr_status stage_tensor(const struct load *load, const struct mr_weights_tensor *t,
                                   const struct mr_tensor *wanted)
{
    float *dst = load->staged + wanted->offset;

    if (!has_shape(t, wanted))
        return refuse(load, MR_E_FORMAT, wanted->name, "has not the shape that the model needs");
    if (t->dtype == MR_DTYPE_I64)
        return refuse(load, MR_E_FORMAT, wanted->name, "does not hold floating-point numbers");
    mr_weights_file_convert(load->file, t, dst);
    if (!all_finite(dst, t->n))
        return refuse(load, MR_E_NUMERIC, wanted->name, "has values that are not finite");
    if (ends_with(wanted->name, "running_var") && has_below(dst, t->n, load->least_var))
        return refuse(load, MR_E_NUMERIC, wanted->name,
                      load->least_var > 0 ? "has a variance that is not positive"
                                          : "has a negative variance");
    return MR_OK;
}

static void note_unexpected(struct load *load)
{
    int n;
    const struct mr_weights_tensor *tensors = mr_weights_file_tensors(load->file, &n);

    for (int i = 0; i < n; i++) {
        const char *name = tensors[i].name;

        if (!is_ignored(name) && !mr_model_find_tensor(load->model, name))
            add_name(&load->found.unexpected, &load->found.n_unexpected, name);
    }
}

/* A variance of zero is that of a dead channel, which training can make: of a run on these classes
 * it is no sign of damage. */
static void compare_classes(struct load *load)
{
    const char *said = load->classes ? mr_weights_file_text(load->file, "classes") : NULL;

    if (!said)
        return;
    load->is_of_others = strcmp(said, load->classes) != 0;
    if (!load->is_of_others)
        load->least_var = 0;
}

static bool is_of_another_head(const struct load *load, const struct mr_weights_tensor *t,
                               const struct mr_tensor *wanted)
{
    return load->may_differ_head && !is_body(wanted->name) &&
           (load->is_of_others || !has_shape(t, wanted));
}

/* Converts what the file has into staged, tensor by tensor. */
static enum mr_status stage(struct load *load)
{
    int n;
    const struct mr_tensor *tensors = mr_model_tensors(load->model, &n);

    for (int i = 0; i < n; i++) {
        const struct mr_weights_tensor *t = mr_weights_file_find(load->file, tensors[i].name);
        enum mr_status st;

        if (!t || is_of_another_head(load, t, &tensors[i])) {
            add_name(&load->found.missing, &load->found.n_missing, tensors[i].name);
            continue;
        }
        st = stage_tensor(load, t, &tensors[i]);
        if (st)
            return st;
        load->found.n_loaded++;
    }
    note_unexpected(load);
    return MR_OK;
}

static enum mr_status demand_complete(struct load *load)
{
    const struct mr_weights_report *found = &load->found;

    if (found->n_missing)
        return mr_fail(load->err, MR_E_FORMAT, "cannot load '%s': it lacks tensor '%s' and %d more",
                       load->path, found->missing[0], found->n_missing - 1);
    if (found->n_unexpected)
        return mr_fail(load->err, MR_E_FORMAT,
                       "cannot load '%s': the model has no tensor '%s', nor %d more of the file",
                       load->path, found->unexpected[0], found->n_unexpected - 1);
    return MR_OK;
}

/* The first of the names that is the body's, and how many are. */
static const char *find_of_body(char **names, int n_names, int *n)
{
    const char *first = NULL;

    *n = 0;
    for (int i = 0; i < n_names; i++)
        if (is_body(names[i]) && !(*n)++)
            first = names[i];
    return first;
}

/* The body is there and no other network's; a head that is not whole is none. */
static enum mr_status demand_body(struct load *load)
{
    struct mr_weights_report *found = &load->found;
    const char *arch = mr_arch_text(mr_model_get_options(load->model)->arch), *name;
    int n;

    name = find_of_body(found->missing, found->n_missing, &n);
    if (name)
        return mr_fail(load->err, MR_E_FORMAT,
                       "cannot start %s from '%s': it lacks tensor '%s' and %d more", arch,
                       load->path, name, n - 1);
    name = find_of_body(found->unexpected, found->n_unexpected, &n);
    if (name)
        return mr_fail(load->err, MR_E_FORMAT,
                       "cannot start %s from '%s': it is of another network, with tensor '%s' and "
                       "%d more",
                       arch, load->path, name, n - 1);
    found->is_head_new = found->n_missing > 0;
    return MR_OK;
}

static bool is_listed(char **names, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (!strcmp(names[i], name))
            return true;
    return false;
}

static void take(struct mr_model *model, const struct load *load)
{
    const struct mr_weights_report *found = &load->found;
    int n;
    const struct mr_tensor *tensors = mr_model_tensors(model, &n);

    for (int i = 0; i < n; i++)
        if (!is_listed(found->missing, found->n_missing, tensors[i].name) &&
            (!found->is_head_new || is_body(tensors[i].name)))
            mr_model_set_tensor(model, &tensors[i], load->staged + tensors[i].offset);
}

/* demand says whether what was found will do; NULL: it will. */
static enum mr_status load_file(struct mr_model *model, struct mr_sandbox *sandbox,
                                struct load *load, enum mr_status (*demand)(struct load *load),
                                struct mr_weights_report *report)
{
    struct mr_weights_file *file = NULL;
    enum mr_status st = mr_weights_file_open(&file, sandbox, load->path, load->err);

    if (st)
        return st;
    load->model = model;
    load->file = file;
    load->staged = malloc(mr_model_n_params(model) * sizeof *load->staged);
    if (!load->staged) {
        st = mr_fail(load->err, MR_E_NOMEM, "no memory for the weights of '%s'", load->path);
        goto out;
    }
    compare_classes(load);
    st = stage(load);
    if (!st && demand)
        st = demand(load);
    if (st)
        goto out;
    take(model, load);
    if (report) {
        *report = load->found;
        load->found = (struct mr_weights_report){0};
    }
out:
    mr_weights_report_finish(&load->found);
    free(load->staged);
    mr_weights_file_close(file);
    return st;
}

enum mr_status mr_weights_load(struct mr_model *model, const char *path,
                               struct mr_weights_report *report, struct mr_error *err)
{
    struct load load = {.path = path, .err = err};

    return load_file(model, NULL, &load, report ? NULL : demand_complete, report);
}

enum mr_status mr_weights_start(struct mr_model *model, struct mr_sandbox *sandbox,
                                const char *path, const char *classes,
                                struct mr_weights_report *report, struct mr_error *err)
{
    struct load load = {.path = path,
                        .least_var = FLT_TRUE_MIN,
                        .classes = classes,
                        .may_differ_head = true,
                        .err = err};

    return load_file(model, sandbox, &load, demand_body, report);
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
