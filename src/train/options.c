/* SPDX-License-Identifier: MIT */
/*
 * What a run is started with: defaults, ranges, and JSON. One table names every option, so that
 * writing, reading and checking cannot disagree.
 */
#include <misread/train/trainer.h>

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <misread/base/alloc.h>
#include <misread/base/str.h>
#include <misread/kernel/kernels.h>

/* Integers up to here are exact in JSON's doubles; larger seeds are written as text. */
#define MAX_EXACT ((uint64_t)1 << 53)

enum option_kind { KIND_INT, KIND_DOUBLE, KIND_SEED, KIND_TEXT, KIND_NAME };

static const char *const arch_names[] = {
#define X(name, text) text,
    MR_ARCH_LIST(X)
#undef X
        NULL};
static const char *const optimizer_names[] = {"adamw", "sgd", NULL};
static const char *const augment_names[] = {"default", "none", NULL};
static const char *const labels_names[] = {"reviewed", "original", NULL};

static const struct option {
    const char *key;
    enum option_kind kind;
    size_t offset, size;      /* of the field */
    double min, max;          /* KIND_INT, KIND_DOUBLE: both inclusive */
    const char *const *names; /* KIND_NAME: texts by enum value, NULL behind the last */
} option_table[] = {
#define FIELD(name) \
    offsetof(struct mr_train_options, name), sizeof(((struct mr_train_options *)0)->name)
    {"arch", KIND_NAME, FIELD(arch), 0, 0, arch_names},
    {"size_px", KIND_INT, FIELD(size_px), MR_TRAIN_SIZES, NULL},
    {"batch", KIND_INT, FIELD(batch), MR_TRAIN_BATCHES, NULL},
    {"n_epochs", KIND_INT, FIELD(n_epochs), MR_TRAIN_EPOCHS, NULL},
    {"lr", KIND_DOUBLE, FIELD(lr), MR_TRAIN_RATES, NULL},
    {"weight_decay", KIND_DOUBLE, FIELD(weight_decay), MR_TRAIN_WEIGHT_DECAYS, NULL},
    {"optimizer", KIND_NAME, FIELD(optimizer), 0, 0, optimizer_names},
    {"augment", KIND_NAME, FIELD(augment), 0, 0, augment_names},
    {"labels", KIND_NAME, FIELD(labels), 0, 0, labels_names},
    {"seed", KIND_SEED, FIELD(seed), 0, 0, NULL},
    {"split_seed", KIND_SEED, FIELD(split_seed), 0, 0, NULL},
    {"valid_fraction", KIND_DOUBLE, FIELD(valid_fraction), MR_TRAIN_VALID_SHARES, NULL},
    {"group_re", KIND_TEXT, FIELD(group_re), 0, 0, NULL},
    {"weights", KIND_TEXT, FIELD(weights), 0, 0, NULL},
    {"isa", KIND_TEXT, FIELD(isa), 0, 0, NULL},
    {"n_threads", KIND_INT, FIELD(n_threads), 0, 1024, NULL},
    {"checkpoint_every_s", KIND_INT, FIELD(checkpoint_every_s), 0, 86400, NULL},
#undef FIELD
};
#define N_OPTIONS ((int)(sizeof option_table / sizeof *option_table))

/* Every enum of the options is stored in an int's room; the table's names bound it. */
_Static_assert(sizeof(enum mr_arch) == sizeof(int), "an enum is not as wide as an int");

struct mr_train_options mr_train_defaults(void)
{
    return (struct mr_train_options){.arch = MR_ARCH_RESNET18,
                                     .size_px = 128,
                                     .batch = 32,
                                     .n_epochs = 10,
                                     .lr = 3e-3,
                                     .weight_decay = .01,
                                     .optimizer = MR_OPTIMIZER_ADAMW,
                                     .augment = MR_AUGMENT_DEFAULT,
                                     .labels = MR_LABELS_REVIEWED,
                                     .seed = 0,
                                     .split_seed = 0,
                                     .valid_fraction = .2,
                                     .n_threads = 0,
                                     .checkpoint_every_s = 300};
}

static int n_names(const char *const *names)
{
    int n = 0;

    while (names[n])
        n++;
    return n;
}

static const void *field_of(const struct mr_train_options *options, const struct option *option)
{
    return (const char *)options + option->offset;
}

static int int_of(const struct mr_train_options *options, const struct option *option)
{
    int value;

    memcpy(&value, field_of(options, option), sizeof value);
    return value;
}

static double double_of(const struct mr_train_options *options, const struct option *option)
{
    double value;

    memcpy(&value, field_of(options, option), sizeof value);
    return value;
}

static uint64_t seed_of(const struct mr_train_options *options, const struct option *option)
{
    uint64_t value;

    memcpy(&value, field_of(options, option), sizeof value);
    return value;
}

static enum mr_status check_option(const struct mr_train_options *options,
                                   const struct option *option, struct mr_error *err)
{
    double value;

    if (option->kind == KIND_TEXT)
        return memchr(field_of(options, option), '\0', option->size)
                   ? MR_OK
                   : mr_fail(err, MR_E_USAGE, "the option '%s' is too long", option->key);
    if (option->kind == KIND_SEED)
        return MR_OK;
    if (option->kind == KIND_NAME) {
        value = int_of(options, option);
        return value >= 0 && value < n_names(option->names)
                   ? MR_OK
                   : mr_fail(err, MR_E_USAGE, "the option '%s' has no value number %g", option->key,
                             value);
    }
    value = option->kind == KIND_INT ? int_of(options, option) : double_of(options, option);
    /* Not a number fails both comparisons, and must not pass. */
    if (!(value >= option->min && value <= option->max))
        return mr_fail(err, MR_E_USAGE, "the option '%s' is %g, and must be %g to %g", option->key,
                       value, option->min, option->max);
    return MR_OK;
}

enum mr_status mr_train_options_check(const struct mr_train_options *options, struct mr_error *err)
{
    const struct mr_kernels *kernels;

    for (int i = 0; i < N_OPTIONS; i++) {
        enum mr_status st = check_option(options, &option_table[i], err);

        if (st)
            return st;
    }
    return mr_kernels_choose(&kernels, options->isa, err);
}

static void write_seed(cJSON *json, const char *key, uint64_t seed)
{
    char text[24];

    if (seed <= MAX_EXACT) {
        cJSON_AddNumberToObject(json, key, (double)seed);
        return;
    }
    snprintf(text, sizeof text, "%llu", (unsigned long long)seed);
    cJSON_AddStringToObject(json, key, text);
}

static void write_option(cJSON *json, const struct mr_train_options *options,
                         const struct option *option)
{
    switch (option->kind) {
    case KIND_INT:
        cJSON_AddNumberToObject(json, option->key, int_of(options, option));
        break;
    case KIND_DOUBLE:
        cJSON_AddNumberToObject(json, option->key, double_of(options, option));
        break;
    case KIND_SEED:
        write_seed(json, option->key, seed_of(options, option));
        break;
    case KIND_TEXT:
        cJSON_AddStringToObject(json, option->key, field_of(options, option));
        break;
    case KIND_NAME:
        cJSON_AddStringToObject(json, option->key, option->names[int_of(options, option)]);
        break;
    }
}

char *mr_train_options_to_json(const struct mr_train_options *options)
{
    cJSON *json = cJSON_CreateObject();
    char *printed, *text;

    for (int i = 0; i < N_OPTIONS; i++)
        write_option(json, options, &option_table[i]);
    printed = cJSON_PrintUnformatted(json);
    /* A copy: cJSON's memory need not come from malloc. NULL only without memory. */
    text = mr_xstrdup(printed ? printed : "{}");
    cJSON_free(printed);
    cJSON_Delete(json);
    return text;
}

static enum mr_status read_int(void *field, const struct option *option, const cJSON *item,
                               struct mr_error *err)
{
    int value;

    if (!cJSON_IsNumber(item) || !(fabs(item->valuedouble) < 1e9) ||
        item->valuedouble != floor(item->valuedouble))
        return mr_fail(err, MR_E_FORMAT, "the option '%s' is not a whole number", option->key);
    value = (int)item->valuedouble;
    memcpy(field, &value, sizeof value);
    return MR_OK;
}

static enum mr_status read_double(void *field, const struct option *option, const cJSON *item,
                                  struct mr_error *err)
{
    if (!cJSON_IsNumber(item) || !isfinite(item->valuedouble))
        return mr_fail(err, MR_E_FORMAT, "the option '%s' is not a number", option->key);
    memcpy(field, &item->valuedouble, sizeof item->valuedouble);
    return MR_OK;
}

static enum mr_status read_seed(void *field, const struct option *option, const cJSON *item,
                                struct mr_error *err)
{
    uint64_t value = 0;
    bool is_good = false;
    char *end;

    if (cJSON_IsNumber(item)) {
        is_good = item->valuedouble >= 0 && item->valuedouble <= (double)MAX_EXACT &&
                  item->valuedouble == floor(item->valuedouble);
        if (is_good)
            value = (uint64_t)item->valuedouble;
    } else if (cJSON_IsString(item) && item->valuestring[0] >= '0' && item->valuestring[0] <= '9') {
        value = strtoull(item->valuestring, &end, 10);
        is_good = *end == '\0';
    }
    if (!is_good)
        return mr_fail(err, MR_E_FORMAT, "the option '%s' is not a whole number of 64 bits",
                       option->key);
    memcpy(field, &value, sizeof value);
    return MR_OK;
}

static enum mr_status read_text(void *field, const struct option *option, const cJSON *item,
                                struct mr_error *err)
{
    if (!cJSON_IsString(item) || strlen(item->valuestring) >= option->size)
        return mr_fail(err, MR_E_FORMAT, "the option '%s' is not a text of less than %zu bytes",
                       option->key, option->size);
    mr_str_copy(field, option->size, item->valuestring);
    return MR_OK;
}

static enum mr_status read_name(void *field, const struct option *option, const cJSON *item,
                                struct mr_error *err)
{
    if (cJSON_IsString(item))
        for (int i = 0; option->names[i]; i++)
            if (!strcmp(option->names[i], item->valuestring)) {
                memcpy(field, &i, sizeof i);
                return MR_OK;
            }
    return mr_fail(err, MR_E_FORMAT, "the option '%s' is none of the values it can have",
                   option->key);
}

static enum mr_status read_option(struct mr_train_options *options, const struct option *option,
                                  const cJSON *item, struct mr_error *err)
{
    /* by enum option_kind */
    static enum mr_status (*const readers[])(void *, const struct option *, const cJSON *,
                                             struct mr_error *) = {
        [KIND_INT] = read_int,   [KIND_DOUBLE] = read_double, [KIND_SEED] = read_seed,
        [KIND_TEXT] = read_text, [KIND_NAME] = read_name,
    };

    return readers[option->kind]((char *)options + option->offset, option, item, err);
}

enum mr_status mr_train_options_from_json(struct mr_train_options *options, const char *json,
                                          struct mr_error *err)
{
    struct mr_train_options staged = mr_train_defaults();
    cJSON *object = cJSON_Parse(json);
    enum mr_status st = MR_OK;

    if (!cJSON_IsObject(object)) {
        cJSON_Delete(object);
        return mr_fail(err, MR_E_FORMAT, "the options of the run are not a JSON object");
    }
    for (int i = 0; i < N_OPTIONS && !st; i++) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, option_table[i].key);

        if (item)
            st = read_option(&staged, &option_table[i], item, err);
    }
    cJSON_Delete(object);
    if (!st)
        st = mr_train_options_check(&staged, err);
    if (!st)
        *options = staged;
    return st;
}
