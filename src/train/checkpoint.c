/* SPDX-License-Identifier: MIT */
/*
 * Checkpoints. Writing whole or not at all is mr_weights_save's; here is what goes in, and a digest
 * over all of it, because the format has no checksum and a flipped bit in a weight would pass
 * unseen.
 */
#include "checkpoint.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <misread/base/alloc.h>
#include <misread/base/rng.h>
#include <misread/base/str.h>
#include <misread/data/transform.h>
#include <misread/nn/model.h>
#include <misread/nn/weights.h>
#include <misread/nn/weights_file.h>
#include <misread/store/runs.h>
#include <misread/train/trainer.h>

#include "updater.h"

#define FORMAT    "misread checkpoint 1"
#define MAX_TEXTS 24

/* The position, field by field; kept as one JSON object, whose numbers know no locale and lose no
 * bit. */
#define POSITION_LIST(X) \
    X(epoch)             \
    X(step_in_epoch)     \
    X(step)              \
    X(n_batches)         \
    X(rate)              \
    X(best_accuracy)     \
    X(best_epoch)        \
    X(n_threads)         \
    X(epoch_ms)

struct texts {
    struct mr_weights_text items[MAX_TEXTS]; /* values owned */
    int n;
};

/* Takes over value. */
static void add_text(struct texts *texts, const char *key, char *value)
{
    texts->items[texts->n++] = (struct mr_weights_text){.key = key, .value = value};
}

static void finish_texts(struct texts *texts)
{
    for (int i = 0; i < texts->n; i++)
        free((char *)texts->items[i].value);
}

/* Prints and destroys; a copy, because cJSON's memory need not come from malloc. */
static char *print_json(cJSON *json)
{
    char *printed = cJSON_PrintUnformatted(json);
    char *text = mr_xstrdup(printed ? printed : "null");

    cJSON_free(printed);
    cJSON_Delete(json);
    return text;
}

/* Made safe: a reader may refuse a whole file for one bad byte in a name. */
char *mr_checkpoint_classes(char *const *classes, int n)
{
    cJSON *array = cJSON_CreateArray();
    char name[512];

    for (int i = 0; i < n; i++) {
        mr_safe_text(name, sizeof name, classes[i], 0, MR_ELIDE_END);
        cJSON_AddItemToArray(array, cJSON_CreateString(name));
    }
    return print_json(array);
}

/* The decimal numbers that the floats came from. */
static char *print_triple(const float v[3])
{
    double exact[3];

    for (int i = 0; i < 3; i++)
        exact[i] = round((double)v[i] * 1e6) / 1e6;
    return print_json(cJSON_CreateDoubleArray(exact, 3));
}

static char *print_number(double value)
{
    return print_json(cJSON_CreateNumber(value));
}

static char *print_position(const struct mr_position *at)
{
    cJSON *object = cJSON_CreateObject();

#define X(field) cJSON_AddNumberToObject(object, #field, (double)at->field);
    POSITION_LIST(X)
#undef X
    return print_json(object);
}

/* Where each tensor lies in the parameter block: the moments are kept in that order. */
static uint64_t plan_of(const struct mr_model *model)
{
    int n_tensors;
    const struct mr_tensor *tensors = mr_model_tensors(model, &n_tensors);
    uint64_t h = mr_hash_mix(mr_model_n_params(model));

    for (int i = 0; i < n_tensors; i++) {
        h = mr_hash_mix(h ^ mr_hash_fnv(tensors[i].name, strlen(tensors[i].name)));
        h = mr_hash_mix(h ^ tensors[i].offset);
        h = mr_hash_mix(h ^ tensors[i].n);
    }
    return h;
}

static const char *const head_names[] = {
    [MR_HEAD_PLAIN] = "torchvision", [MR_HEAD_CONCAT] = "fastai"};

bool mr_checkpoint_find_head(const char *text, enum mr_head_kind *head)
{
    for (int i = 0; i < (int)(sizeof head_names / sizeof *head_names); i++)
        if (!strcmp(head_names[i], text)) {
            *head = (enum mr_head_kind)i;
            return true;
        }
    return false;
}

static void add_common(struct texts *texts, const struct mr_checkpoint *c)
{
    add_text(texts, "format", mr_xstrdup(FORMAT));
    add_text(texts, "arch", mr_xstrdup(mr_arch_text(c->options->arch)));
    add_text(texts, "head", mr_xstrdup(head_names[mr_model_get_options(c->model)->head]));
    add_text(texts, "size_px", mr_xasprintf("%d", c->options->size_px));
    add_text(texts, "classes", mr_checkpoint_classes(c->classes, c->n_classes));
    add_text(texts, "mean", print_triple(mr_imagenet_mean));
    add_text(texts, "std", print_triple(mr_imagenet_std));
    add_text(texts, "seed", mr_xasprintf("%" PRIu64, c->options->seed));
    add_text(texts, "epoch", print_number(c->at.epoch));
    add_text(texts, "best_accuracy", print_number(c->at.best_accuracy));
    add_text(texts, "samples", mr_xstrdup(c->samples_hash));
    add_text(texts, "plan", mr_xasprintf("%016" PRIx64, plan_of(c->model)));
}

static uint64_t mix_floats(uint64_t h, const float *x, size_t n)
{
    size_t i = 0;
    uint64_t word;
    uint32_t half;

    for (; i + 2 <= n; i += 2) {
        memcpy(&word, x + i, sizeof word);
        h = mr_hash_mix(h ^ word);
    }
    if (i < n) {
        memcpy(&half, x + i, sizeof half);
        h = mr_hash_mix(h ^ half);
    }
    return mr_hash_mix(h ^ n);
}

#define MAX_EXTRAS 5

/* The tensors beside the weights, by what they are; the same list is written and read. */
static int list_extras(const struct mr_checkpoint *c, struct mr_weights_extra extras[MAX_EXTRAS])
{
    size_t n = c->updater->n_params;
    int n_extras = 0;

    extras[n_extras++] = (struct mr_weights_extra){"_opt.m", c->updater->m, n};
    if (c->updater->v)
        extras[n_extras++] = (struct mr_weights_extra){"_opt.v", c->updater->v, n};
    if (c->average)
        extras[n_extras++] =
            (struct mr_weights_extra){"_ema", c->average, mr_model_n_params(c->model)};
    if (c->at.step_in_epoch > 0) {
        size_t n_train = (size_t)c->train->n;

        extras[n_extras++] = (struct mr_weights_extra){"_epoch.logits", c->train->logits,
                                                       n_train * (size_t)c->train->n_classes};
        extras[n_extras++] = (struct mr_weights_extra){"_epoch.losses", c->train->losses, n_train};
    }
    return n_extras;
}

static uint64_t digest_of(struct mr_model *model, const struct mr_position *at,
                          const struct mr_weights_extra *extras, int n_extras)
{
    char *position = print_position(at);
    uint64_t h = mr_hash_mix(mr_hash_fnv(position, strlen(position)));

    free(position);
    h = mix_floats(h, mr_model_params(model), mr_model_n_params(model));
    for (int i = 0; i < n_extras; i++)
        h = mix_floats(h, extras[i].data, extras[i].n);
    return h;
}

/* Only the middle of an epoch keeps its time: at its end the file is a function of the run alone.
 */
static struct mr_position kept_position(const struct mr_position *at)
{
    struct mr_position kept = *at;

    if (!kept.step_in_epoch)
        kept.epoch_ms = 0;
    return kept;
}

enum mr_status mr_checkpoint_save(const struct mr_checkpoint *checkpoint, const char *path,
                                  struct mr_error *err)
{
    const struct mr_checkpoint *c = checkpoint;
    struct mr_position at = kept_position(&c->at);
    struct mr_weights_extra extras[MAX_EXTRAS];
    struct texts texts = {.n = 0};
    int n_extras = list_extras(c, extras);
    enum mr_status st;

    add_common(&texts, c);
    add_text(&texts, "position", print_position(&at));
    add_text(&texts, "digest",
             mr_xasprintf("%016" PRIx64, digest_of(c->model, &at, extras, n_extras)));
    st = mr_weights_save(c->model, path, extras, n_extras, texts.items, texts.n, err);
    finish_texts(&texts);
    return st;
}

enum mr_status mr_checkpoint_save_best(const struct mr_checkpoint *checkpoint, const char *path,
                                       struct mr_error *err)
{
    struct texts texts = {.n = 0};
    enum mr_status st;

    add_common(&texts, checkpoint);
    st = mr_weights_save(checkpoint->model, path, NULL, 0, texts.items, texts.n, err);
    finish_texts(&texts);
    return st;
}

/* What was read, until all of it is known to be good. */
struct staged {
    struct mr_position at;
    struct mr_weights_extra extras[MAX_EXTRAS]; /* data owned */
    int n_extras;
};

static void finish_staged(struct staged *staged)
{
    for (int i = 0; i < staged->n_extras; i++)
        free((float *)staged->extras[i].data);
}

static enum mr_status check_text(const struct mr_weights_file *file, const char *key,
                                 const char *wanted, const char *path, const char *what,
                                 struct mr_error *err)
{
    const char *found = mr_weights_file_text(file, key);

    if (found && !strcmp(found, wanted))
        return MR_OK;
    return mr_fail(err, MR_E_FORMAT, "cannot go on from '%s': %s", path, what);
}

static enum mr_status check_common(const struct mr_weights_file *file,
                                   const struct mr_checkpoint *c, const char *path,
                                   struct mr_error *err)
{
    static const struct {
        const char *key, *what;
    } reasons[] = {
        {"format", "it is not a checkpoint of this version"},
        {"arch", "it holds another network"},
        {"head", "its network has another head"},
        {"size_px", "it was trained at another size"},
        {"classes", "its classes differ from the run's"},
        {"seed", "it was trained with another seed"},
        {"samples", "it was trained on another list of images"},
        {"plan", "its weights are laid out by another version"},
    };
    struct texts texts = {.n = 0};
    enum mr_status st = MR_OK;

    add_common(&texts, c);
    for (size_t r = 0; r < sizeof reasons / sizeof *reasons && !st; r++)
        for (int i = 0; i < texts.n && !st; i++)
            if (!strcmp(texts.items[i].key, reasons[r].key))
                st = check_text(file, reasons[r].key, texts.items[i].value, path, reasons[r].what,
                                err);
    finish_texts(&texts);
    return st;
}

static bool read_fields(const cJSON *object, struct mr_position *at)
{
    const cJSON *item;

    /* The bound keeps the conversion to int defined. */
#define X(field)                                                   \
    item = cJSON_GetObjectItemCaseSensitive(object, #field);       \
    if (!cJSON_IsNumber(item) || !(fabs(item->valuedouble) < 2e9)) \
        return false;                                              \
    at->field = item->valuedouble;
    POSITION_LIST(X)
#undef X
    return true;
}

static bool is_possible(const struct mr_position *at)
{
    return at->epoch >= 0 && at->n_batches > 0 && at->step_in_epoch >= 0 &&
           at->step_in_epoch <= at->n_batches && at->epoch <= INT32_MAX / at->n_batches - 1 &&
           at->step == at->epoch * at->n_batches + at->step_in_epoch && at->rate > 0;
}

static bool read_position(const struct mr_weights_file *file, struct mr_position *at)
{
    const char *text = mr_weights_file_text(file, "position");
    cJSON *object = text ? cJSON_Parse(text) : NULL;
    bool is_good = object && read_fields(object, at) && is_possible(at);

    cJSON_Delete(object);
    return is_good;
}

static enum mr_status say_no_position(const char *path, struct mr_error *err)
{
    return mr_fail(err, MR_E_FORMAT, "cannot go on from '%s': it does not say where the run was",
                   path);
}

enum mr_status mr_checkpoint_position(struct mr_position *at, const char *path,
                                      struct mr_error *err)
{
    struct mr_weights_file *file = NULL;
    struct mr_position found;
    enum mr_status st = mr_weights_file_open(&file, NULL, path, err);

    if (!st && !read_position(file, &found))
        st = say_no_position(path, err);
    if (!st)
        *at = found;
    mr_weights_file_close(file);
    return st;
}

static enum mr_status read_extras(const struct mr_weights_file *file, const struct mr_checkpoint *c,
                                  struct staged *staged, const char *path, struct mr_error *err)
{
    struct mr_checkpoint shaped = *c;
    struct mr_weights_extra wanted[MAX_EXTRAS];
    int n_wanted;

    shaped.at = staged->at;
    n_wanted = list_extras(&shaped, wanted);
    for (int i = 0; i < n_wanted; i++) {
        float *data = NULL;
        size_t n = 0;
        enum mr_status st = mr_weights_file_floats(file, wanted[i].name, &data, &n, err);

        if (st)
            return st;
        staged->extras[staged->n_extras++] = (struct mr_weights_extra){wanted[i].name, data, n};
        if (n != wanted[i].n)
            return mr_fail(err, MR_E_FORMAT,
                           "cannot go on from '%s': '%s' has %zu numbers, not %zu", path,
                           wanted[i].name, n, wanted[i].n);
    }
    return MR_OK;
}

static enum mr_status read_file(const struct mr_weights_file *file, const struct mr_checkpoint *c,
                                struct staged *staged, const char *path, struct mr_error *err)
{
    char digest[20];
    enum mr_status st = check_common(file, c, path, err);

    if (st)
        return st;
    if (!read_position(file, &staged->at))
        return say_no_position(path, err);
    st = read_extras(file, c, staged, path, err);
    if (!st)
        st = mr_weights_load(c->model, path, NULL, err);
    if (st)
        return st;
    snprintf(digest, sizeof digest, "%016" PRIx64,
             digest_of(c->model, &staged->at, staged->extras, staged->n_extras));
    return check_text(file, "digest", digest, path, "it is damaged", err);
}

/* The lists of extras written, read and handed over are one and the same, so they match by place.
 */
static void hand_over(struct mr_checkpoint *c, const struct staged *staged)
{
    struct mr_weights_extra into[MAX_EXTRAS];
    int n;

    c->at = staged->at;
    n = list_extras(c, into);
    for (int i = 0; i < n; i++)
        memcpy((float *)into[i].data, staged->extras[i].data, into[i].n * sizeof(float));
}

enum mr_status mr_checkpoint_load(struct mr_checkpoint *checkpoint, const char *path,
                                  struct mr_error *err)
{
    struct mr_weights_file *file = NULL;
    struct staged staged = {.n_extras = 0};
    enum mr_status st;

    st = mr_weights_file_open(&file, NULL, path, err);
    if (st)
        return st;
    st = read_file(file, checkpoint, &staged, path, err);
    if (!st)
        hand_over(checkpoint, &staged);
    finish_staged(&staged);
    mr_weights_file_close(file);
    return st;
}
