/* SPDX-License-Identifier: MIT */
/* Transfer: the body comes from the file, the head is new unless its shape happens to fit. */
#include "initial.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/pool.h>
#include <misread/nn/model.h>
#include <misread/nn/weights.h>

static bool is_head(const struct mr_tensor *tensor)
{
    return !strncmp(tensor->name, "fc.", 3);
}

static bool is_finite(const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i]))
            return false;
    return true;
}

static enum mr_status load_tensor(struct mr_model *model, const struct mr_safetensors *file,
                                  const struct mr_tensor *tensor, const char *path,
                                  struct mr_error *err)
{
    float *data = NULL;
    size_t n = 0;
    enum mr_status st = mr_safetensors_floats(file, tensor->name, &data, &n, err);

    if (st == MR_E_NOT_FOUND && is_head(tensor))
        return MR_OK;
    if (st)
        return st;
    if (n == tensor->n && is_finite(data, n))
        mr_model_set_tensor(model, tensor, data);
    else if (n == tensor->n)
        st = mr_fail(err, MR_E_NUMERIC, "cannot start from '%s': '%s' is not finite", path,
                     tensor->name);
    else if (!is_head(tensor))
        st = mr_fail(err, MR_E_FORMAT,
                     "cannot start from '%s': '%s' has %zu numbers, the network's has %zu", path,
                     tensor->name, n, tensor->n);
    free(data);
    return st;
}

enum mr_status mr_initial_load(struct mr_model *model, const char *path, struct mr_error *err)
{
    struct mr_safetensors *file = NULL;
    int n_tensors;
    const struct mr_tensor *tensors = mr_model_tensors(model, &n_tensors);
    enum mr_status st = mr_safetensors_open(&file, path, err);

    if (st)
        return st;
    for (int i = 0; i < n_tensors && !st; i++)
        st = load_tensor(model, file, &tensors[i], path, err);
    mr_safetensors_close(file);
    return st;
}

enum mr_status mr_initial_check(const char *path, enum mr_arch arch, struct mr_error *err)
{
    /* The smallest there is: neither images nor classes change what the body's tensors are. */
    struct mr_model_options options = {
        .arch = arch, .n_classes = 2, .max_batch = 1, .h = 32, .w = 32};
    struct mr_model *model = NULL;
    struct mr_pool *pool = NULL;
    enum mr_status st = mr_pool_create(&pool, 1, err);

    if (!st)
        st = mr_model_create(&model, &options, pool, err);
    if (!st)
        st = mr_initial_load(model, path, err);
    mr_model_destroy(model);
    mr_pool_destroy(pool);
    return st;
}
