/* SPDX-License-Identifier: MIT */
/* Reads a file of weights for what it says of itself, and tries it on a network that is thrown
 * away. */
#include "initial.h"

#include <stdlib.h>
#include <string.h>

#include <misread/base/pool.h>
#include <misread/nn/weights.h>
#include <misread/nn/weights_file.h>
#include <misread/train/options.h>

#include "checkpoint.h"
#include "stage.h"

/* The classes of the images, and as a file's metadata would name them. */
struct wanted {
    char *const *classes;
    int n;
    const char *text;
};

/* The first class that the run does not know; NULL: it knows more, or in another order. */
static const char *find_unknown(const char *said, const struct wanted *wanted)
{
    const char *unknown = NULL;

    for (int i = 0; i < wanted->n && !unknown; i++) {
        char *text = mr_checkpoint_classes(&wanted->classes[i], 1);

        text[strlen(text) - 1] = '\0'; /* of ["name"] all between the brackets */
        if (!strstr(said, text + 1))
            unknown = wanted->classes[i];
        free(text);
    }
    return unknown;
}

static enum mr_status refuse_classes(int run, const char *said, const struct wanted *wanted,
                                     struct mr_error *err)
{
    const char *unknown = find_unknown(said, wanted);

    if (unknown)
        return mr_fail(err, MR_E_USAGE,
                       "cannot start from run %d: it does not know the class '%.100s'; --weights "
                       "takes its body alone",
                       run, unknown);
    return mr_fail(err, MR_E_USAGE,
                   "cannot start from run %d: its classes are others, %.200s; --weights takes its "
                   "body alone",
                   run, said);
}

static enum mr_status settle_head(struct mr_train_options *o, const struct mr_weights_file *file,
                                  const struct wanted *wanted, struct mr_error *err)
{
    static const enum mr_head_choice choices[] = {
        [MR_HEAD_PLAIN] = MR_HEAD_OF_TORCHVISION, [MR_HEAD_CONCAT] = MR_HEAD_OF_FASTAI};
    const char *said = mr_weights_file_text(file, "classes");
    const char *text = mr_weights_file_text(file, "head");
    enum mr_head_kind head;
    bool is_known = text && mr_checkpoint_find_head(text, &head);

    if (!said || strcmp(said, wanted->text) != 0)
        return o->from_run ? refuse_classes(o->from_run, said ? said : "", wanted, err) : MR_OK;
    if (is_known && o->head == MR_HEAD_AUTO)
        o->head = choices[head];
    if (o->from_run && (!is_known || mr_stage_head(o) != head))
        return mr_fail(err, MR_E_USAGE,
                       "cannot start from run %d with another head than its own, which is %s's",
                       o->from_run, text ? text : "nobody");
    return MR_OK;
}

static enum mr_status read_file(struct mr_train_options *o, const struct wanted *wanted,
                                struct mr_sandbox *sandbox, struct mr_error *err)
{
    struct mr_weights_file *file = NULL;
    enum mr_status st = mr_weights_file_open(&file, sandbox, o->weights, err);

    if (!st)
        st = settle_head(o, file, wanted, err);
    mr_weights_file_close(file);
    return st;
}

/* The smallest network there is: the size of images does not change what the tensors are. */
static enum mr_status try_file(const struct mr_train_options *o, const struct wanted *wanted,
                               struct mr_sandbox *sandbox, struct mr_error *err)
{
    struct mr_model_options options = {.arch = o->arch,
                                       .n_classes = wanted->n,
                                       .max_batch = 1,
                                       .h = 32,
                                       .w = 32,
                                       .head = mr_stage_head(o)};
    struct mr_model *model = NULL;
    struct mr_pool *pool = NULL;
    enum mr_status st = mr_pool_create(&pool, 1, err);

    if (!st)
        st = mr_model_create(&model, &options, pool, err);
    if (!st)
        st = mr_weights_start(model, sandbox, o->weights, wanted->text, NULL, err);
    mr_model_destroy(model);
    mr_pool_destroy(pool);
    return st;
}

enum mr_status mr_initial_settle(struct mr_train_options *options, char *const *classes, int n,
                                 struct mr_sandbox *sandbox, struct mr_error *err)
{
    struct wanted wanted = {.classes = classes, .n = n};
    char *text;
    enum mr_status st;

    if (!options->weights[0])
        return MR_OK;
    wanted.text = text = mr_checkpoint_classes(classes, n);
    st = read_file(options, &wanted, sandbox, err);
    if (!st)
        st = try_file(options, &wanted, sandbox, err);
    free(text);
    return st;
}
