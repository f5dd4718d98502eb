/* SPDX-License-Identifier: MIT */
/* The table of options, and its three doors: text, JSON, checks. */
#include <misread/train/options.h>

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <misread/base/alloc.h>
#include <misread/base/str.h>
#include <misread/image/mask.h>
#include <misread/kernel/kernels.h>

/* Integers up to here are exact in JSON's doubles; larger seeds are written as text. */
#define MAX_EXACT ((uint64_t)1 << 53)

#define AUTO "auto"

/* The lists' words behind one bar too many. */
#define X(name, text) "|" text
static const char archs[] = MR_ARCH_LIST(X);
static const char schedules[] = MR_SCHEDULE_LIST(X);
#undef X

#define FIELD(name) \
    offsetof(struct mr_train_options, name), sizeof(((struct mr_train_options *)0)->name)

/* The two numbers of --epochs are one field. */
#define EPOCHS_FIELD offsetof(struct mr_train_options, n_epochs), 2 * sizeof(int)
_Static_assert(offsetof(struct mr_train_options, n_whole) ==
                   offsetof(struct mr_train_options, n_epochs) + sizeof(int),
               "n_whole does not follow n_epochs");

static const struct mr_train_option table[] = {
    {"arch", "arch", MR_TRAIN_NAME, FIELD(arch), 0, 0, archs + 1, "the network", true},
    {"size_px", "size", MR_TRAIN_INT, FIELD(size_px), 32, 1024, "PX",
     "side of the square the network sees", true},
    {"batch", "batch", MR_TRAIN_INT, FIELD(batch), 2, 1024, "N", "images a step", true},
    {"n_threads", "threads", MR_TRAIN_INT, FIELD(n_threads), 0, 256, "N",
     "worker threads; 0 is one per core", true},
    {"isa", "isa", MR_TRAIN_TEXT, FIELD(isa), 0, 0, "NAME",
     "kernels of this instruction set (default: the fastest)", true},
    {"n_epochs", "epochs", MR_TRAIN_EPOCHS, EPOCHS_FIELD, 0, 10000, "A[+B]",
     "passes over the training images; A with the body frozen if it has weights, B whole", false},
    {"lr", "lr", MR_TRAIN_RATE, FIELD(lr), 1e-12, 1e30, "RATE",
     "peak learning rate; auto: what a search suggests", false},
    {"whole_lr", "whole-lr", MR_TRAIN_RATES, FIELD(whole_lr), 1e-12, 1e30, "LOW:HIGH",
     "peaks for the B epochs, from the first layers to the head", false},
    {"freeze", "freeze", MR_TRAIN_NAME, FIELD(freeze), 0, 0, "fixed|norm|none",
     "what stands still in the A epochs: the body; all of it but batch norm; nothing", false},
    {"head", "head", MR_TRAIN_NAME, FIELD(head), 0, 0, "auto|fastai|torchvision",
     "what follows the body (auto: fastai's with weights, else torchvision's)", false},
    {"n_views", "views", MR_TRAIN_INT, FIELD(n_views), 0, 64, "K",
     "augmented views of each image under a fixed body; 0 is the plain image", false},
    {"weight_decay", "weight-decay", MR_TRAIN_REAL, FIELD(weight_decay), 0, 10, "W",
     "decoupled weight decay", false},
    {"clip", "clip", MR_TRAIN_REAL, FIELD(clip), 0, 1e30, "NORM",
     "shorten gradients to this norm (0: never)", false},
    {"accumulate", "accumulate", MR_TRAIN_INT, FIELD(accumulate), 1, 1024, "N",
     "batches of a step: large steps on little memory", false},
    {"ema", "ema", MR_TRAIN_REAL, FIELD(ema), 0, .99999, "DECAY",
     "validate and keep a moving average of the weights, such as .99 (0: none)", false},
    {"patience", "patience", MR_TRAIN_INT, FIELD(patience), 0, 10000, "N",
     "end after N epochs of the last part without a better accuracy (0: do not)", false},
    {"optimizer", "optimizer", MR_TRAIN_NAME, FIELD(optimizer), 0, 0, "adamw|sgd",
     "how weights follow gradients", false},
    {"adam", "adam", MR_TRAIN_NAME, FIELD(adam), 0, 0, "v1|v2",
     "AdamW as fastai's v1 (eps 1e-8) or v2 (1e-5, no decay of batch norm and biases)", false},
    {"schedule", "schedule", MR_TRAIN_NAME, FIELD(schedule), 0, 0, schedules + 1,
     "how the rate moves in each part of the epochs", false},
    {"augment", "augment", MR_TRAIN_NAME, FIELD(augment), 0, 0, "default|none|scope",
     "as fastai's get_transforms; the plain image; for endoscopy, any way up", false},
    {"max_rotate_deg", "max-rotate", MR_TRAIN_REAL, FIELD(max_rotate_deg), -1, 360, "DEG",
     "rotation at most, and so on below (-1: as --augment says)", false},
    {"max_zoom", "max-zoom", MR_TRAIN_REAL, FIELD(max_zoom), -1, 10, "Z", "zoom at most", false},
    {"max_lighting", "max-lighting", MR_TRAIN_REAL, FIELD(max_lighting), -1, .9, "L",
     "change of brightness and contrast", false},
    {"max_warp", "max-warp", MR_TRAIN_REAL, FIELD(max_warp), -1, .3, "W", "change of perspective",
     false},
    {"p_affine", "p-affine", MR_TRAIN_REAL, FIELD(p_affine), -1, 1, "P",
     "share of images that are rotated, zoomed, warped", false},
    {"p_lighting", "p-lighting", MR_TRAIN_REAL, FIELD(p_lighting), -1, 1, "P",
     "share of images whose lighting is changed", false},
    {"smoothing", "smooth", MR_TRAIN_REAL, FIELD(smoothing), 0, .9, "EPS",
     "label smoothing: this share of every label goes to all classes (fastai: .1)", false},
    {"mixup", "mixup", MR_TRAIN_REAL, FIELD(mixup), 0, 100, "ALPHA",
     "mixes each image with another, by Beta(ALPHA, ALPHA) (fastai: .4; 0: not)", false},
    {"class_weights", "class-weights", MR_TRAIN_NAME, FIELD(class_weights), 0, 0, "none|balanced",
     "whether images of rare classes count more in the loss", false},
    {"sampling", "sampling", MR_TRAIN_NAME, FIELD(sampling), 0, 0, "plain|balanced",
     "every image once an epoch; every class equally often", false},
    {"square", "square", MR_TRAIN_NAME, FIELD(square), 0, 0, "crop|squish|pad",
     "how a picture becomes a square", false},
    {"mask", "mask", MR_TRAIN_TEXT, FIELD(mask), 0, 0, "X,Y,W,H",
     "cover this part of every picture (shares of its sides); auto: the green position box", false},
    {"labels", "labels", MR_TRAIN_NAME, FIELD(labels), 0, 0, "reviewed|original",
     "whether relabels and exclusions count", false},
    {"weights", "weights", MR_TRAIN_TEXT, FIELD(weights), 0, 0, "FILE",
     "start from these: a file, a name of `misread weights`, none (default: the network's, if "
     "here)",
     false},
    {"weights_sha256", "weights-sha256", MR_TRAIN_TEXT, FIELD(weights_sha256), 0, 0, "HEX",
     "refuse other weights than these", false},
    {"from_run", "from-run", MR_TRAIN_INT, FIELD(from_run), 0, 1000000, "RUN",
     "start from the best weights of this run, head and all, at any --size (0: of none)", false},
    {"seed", "seed", MR_TRAIN_SEED, FIELD(seed), 0, 0, "N", "weights, order and augmentation",
     false},
    {"split_seed", "split-seed", MR_TRAIN_SEED, FIELD(split_seed), 0, 0, "N",
     "which images validate", false},
    {"valid_fraction", "valid", MR_TRAIN_REAL, FIELD(valid_fraction), .01, .9, "SHARE",
     "share of validation images", false},
    {"test_fraction", "test-pct", MR_TRAIN_REAL, FIELD(test_fraction), -1, .9, "SHARE",
     "set aside, for `misread score` alone (-1: as the project has it)", false},
    {"split_file", "split", MR_TRAIN_TEXT, FIELD(split_file), 0, 0, "FILE",
     "a side (train, valid, test) and a path in each line", false},
    {"limit", "limit", MR_TRAIN_REAL, FIELD(limit), 0, 1e6, "N",
     "for a quick trial: N images of a class, or a share below 1 (0: all)", false},
    {"group_re", "group-re", MR_TRAIN_TEXT, FIELD(group_re), 0, 0, "REGEX",
     "paths with the same match (group 1, if it has one) stay on one side", false},
    {"group_by", "group-by", MR_TRAIN_TEXT, FIELD(group_by), 0, 0, "HOW",
     "likewise what looks alike (similarity), or has the same FILE.csv:COLUMN", false},
    {"checkpoint_every_s", "checkpoint-every", MR_TRAIN_INT, FIELD(checkpoint_every_s), 0, 86400,
     "S", "seconds between checkpoints within an epoch (0: none)", false},
};
#undef EPOCHS_FIELD
#undef FIELD
#define N_OPTIONS ((int)(sizeof table / sizeof *table))

/* Every enum of the options is stored in an int's room; the table's words bound it. */
_Static_assert(sizeof(enum mr_arch) == sizeof(int), "an enum is not as wide as an int");

struct mr_train_options mr_train_defaults(void)
{
    return (struct mr_train_options){.arch = MR_ARCH_RESNET18,
                                     .size_px = 128,
                                     .batch = 32,
                                     .n_epochs = 10,
                                     .lr = 3e-3,
                                     .whole_lr = {3e-5, 3e-3},
                                     .weight_decay = .01,
                                     .accumulate = 1,
                                     .max_rotate_deg = -1,
                                     .max_zoom = -1,
                                     .max_lighting = -1,
                                     .max_warp = -1,
                                     .p_affine = -1,
                                     .p_lighting = -1,
                                     .valid_fraction = .2,
                                     .test_fraction = -1,
                                     .checkpoint_every_s = 300};
}

const struct mr_train_option *mr_train_option_table(int *n)
{
    *n = N_OPTIONS;
    return table;
}

const struct mr_train_option *mr_train_option_find(const char *flag, size_t n)
{
    for (int i = 0; i < N_OPTIONS; i++)
        if (strlen(table[i].flag) == n && !strncmp(table[i].flag, flag, n))
            return &table[i];
    return NULL;
}

/* ---- words: "a|b|c" ---- */

/* Word number i and its length; NULL behind the last. */
static const char *word_at(const char *words, int i, int *n)
{
    for (; words && i > 0; i--) {
        words = strchr(words, '|');
        words = words ? words + 1 : NULL;
    }
    *n = words ? (int)strcspn(words, "|") : 0;
    return words;
}

static bool find_word(const char *words, const char *word, int *number)
{
    const char *at;
    int n;

    for (*number = 0; (at = word_at(words, *number, &n)); ++*number)
        if ((int)strlen(word) == n && !strncmp(word, at, (size_t)n))
            return true;
    return false;
}

/* ---- fields ---- */

static const void *field_of(const struct mr_train_options *options,
                            const struct mr_train_option *option)
{
    return (const char *)options + option->offset;
}

static int int_of(const struct mr_train_options *options, const struct mr_train_option *option)
{
    return *(const int *)field_of(options, option);
}

static double number_of(const struct mr_train_options *options,
                        const struct mr_train_option *option)
{
    return option->kind == MR_TRAIN_INT ? int_of(options, option)
                                        : *(const double *)field_of(options, option);
}

static uint64_t seed_of(const struct mr_train_options *options,
                        const struct mr_train_option *option)
{
    return *(const uint64_t *)field_of(options, option);
}

/* Not a number fails both comparisons, and must not pass. */
static bool is_in_range(const struct mr_train_option *option, double value)
{
    return value >= option->min && value <= option->max;
}

static bool is_good_epochs(const int n[2], const struct mr_train_option *option)
{
    return is_in_range(option, n[0]) && is_in_range(option, n[1]) && n[0] + n[1] > 0;
}

static bool is_good_rates(const struct mr_rates *rates, const struct mr_train_option *option)
{
    return is_in_range(option, rates->high) && (rates->low == 0 || is_in_range(option, rates->low));
}

/* ---- text ---- */

static bool read_number(void *field, const struct mr_train_option *option, const char *text)
{
    char *end;
    double value = strtod(text, &end);

    if (end == text || *end || !is_in_range(option, value))
        return false;
    if (option->kind != MR_TRAIN_INT)
        *(double *)field = value;
    else if (value == floor(value))
        *(int *)field = (int)value;
    else
        return false;
    return true;
}

static bool read_seed(void *field, const struct mr_train_option *option, const char *text)
{
    char *end;
    unsigned long long value;

    errno = 0;
    value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || errno)
        return false;
    *(uint64_t *)field = value;
    return true;
}

static bool read_text(void *field, const struct mr_train_option *option, const char *text)
{
    if (strlen(text) >= option->size)
        return false;
    return mr_str_copy(field, option->size, text);
}

static bool read_name(void *field, const struct mr_train_option *option, const char *text)
{
    int number;

    if (!find_word(option->value, text, &number))
        return false;
    *(int *)field = number;
    return true;
}

/* "a" or "a+b"; not both may be 0. */
static bool read_epochs(void *field, const struct mr_train_option *option, const char *text)
{
    int n[2] = {0, 0}, n_read = 0;
    /* sscanf would take signs and spaces too */
    bool is_plain = strspn(text, "0123456789+") == strlen(text) && strlen(text) < 12 &&
                    text[0] != '+' && !strstr(text, "++");

    if (!is_plain || sscanf(text, "%d%n+%d%n", &n[0], &n_read, &n[1], &n_read) < 1)
        return false;
    if (text[n_read] || !is_good_epochs(n, option))
        return false;
    memcpy(field, n, sizeof n);
    return true;
}

static bool read_rate(void *field, const struct mr_train_option *option, const char *text)
{
    if (strcmp(text, AUTO) != 0)
        return read_number(field, option, text);
    *(double *)field = 0;
    return true;
}

/* "high" or "low:high". */
static bool read_rates(void *field, const struct mr_train_option *option, const char *text)
{
    struct mr_rates rates = {0, 0};
    char *end;

    rates.high = strtod(text, &end);
    if (*end == ':') {
        rates.low = rates.high;
        if (!is_in_range(option, rates.low))
            return false;
        text = end + 1;
        rates.high = strtod(text, &end);
    }
    if (end == text || *end || !is_in_range(option, rates.high))
        return false;
    memcpy(field, &rates, sizeof rates);
    return true;
}

/* False, and nothing is set, if the text is not a value of the option. */
static bool read_value(struct mr_train_options *options, const struct mr_train_option *option,
                       const char *text)
{
    static bool (*const readers[])(void *, const struct mr_train_option *, const char *) = {
        [MR_TRAIN_INT] = read_number, [MR_TRAIN_REAL] = read_number,
        [MR_TRAIN_SEED] = read_seed,  [MR_TRAIN_TEXT] = read_text,
        [MR_TRAIN_NAME] = read_name,  [MR_TRAIN_EPOCHS] = read_epochs,
        [MR_TRAIN_RATE] = read_rate,  [MR_TRAIN_RATES] = read_rates,
    };

    return readers[option->kind]((char *)options + option->offset, option, text);
}

static void say_what_it_takes(char *out, size_t cap, const struct mr_train_option *option)
{
    switch (option->kind) {
    case MR_TRAIN_INT:
    case MR_TRAIN_REAL:
        snprintf(out, cap, "%s from %g to %g",
                 option->kind == MR_TRAIN_INT ? "a whole number" : "a number", option->min,
                 option->max);
        break;
    case MR_TRAIN_SEED:
        snprintf(out, cap, "a whole number of 64 bits");
        break;
    case MR_TRAIN_TEXT:
        snprintf(out, cap, "a text of less than %zu bytes", option->size);
        break;
    case MR_TRAIN_NAME:
        snprintf(out, cap, "one of %s", option->value);
        break;
    case MR_TRAIN_EPOCHS:
        snprintf(out, cap, "a number of epochs up to %g, or two as in 4+4", option->max);
        break;
    case MR_TRAIN_RATE:
        snprintf(out, cap, "a rate from %g to %g, or %s", option->min, option->max, AUTO);
        break;
    case MR_TRAIN_RATES:
        snprintf(out, cap, "a rate from %g to %g, or two as in 3e-5:3e-3", option->min,
                 option->max);
        break;
    }
}

enum mr_status mr_train_option_read(struct mr_train_options *options,
                                    const struct mr_train_option *option, const char *text,
                                    struct mr_error *err)
{
    char takes[128];

    if (read_value(options, option, text))
        return MR_OK;
    say_what_it_takes(takes, sizeof takes, option);
    return mr_fail(err, MR_E_USAGE, "cannot use '%.80s' for --%s: it takes %s", text, option->flag,
                   takes);
}

static void write_epochs(char *text, size_t cap, const int n[2])
{
    if (n[1])
        snprintf(text, cap, "%d+%d", n[0], n[1]);
    else
        snprintf(text, cap, "%d", n[0]);
}

/* 17 digits hold a double, but 15 are what a user wrote, mostly. */
static void write_rate(char *text, size_t cap, double rate)
{
    snprintf(text, cap, "%.15g", rate);
    if (strtod(text, NULL) != rate)
        snprintf(text, cap, "%.17g", rate);
}

static void write_rates(char *text, size_t cap, const struct mr_rates *rates)
{
    char low[32], high[32];

    write_rate(low, sizeof low, rates->low);
    write_rate(high, sizeof high, rates->high);
    if (rates->low > 0)
        snprintf(text, cap, "%s:%s", low, high);
    else
        snprintf(text, cap, "%s", high);
}

void mr_train_option_write(char *text, size_t cap, const struct mr_train_options *options,
                           const struct mr_train_option *option)
{
    const char *word;
    int n;

    switch (option->kind) {
    case MR_TRAIN_INT:
    case MR_TRAIN_REAL:
        snprintf(text, cap, "%g", number_of(options, option));
        break;
    case MR_TRAIN_SEED:
        snprintf(text, cap, "%llu", (unsigned long long)seed_of(options, option));
        break;
    case MR_TRAIN_TEXT:
        snprintf(text, cap, "%s", (const char *)field_of(options, option));
        break;
    case MR_TRAIN_NAME:
        word = word_at(option->value, int_of(options, option), &n);
        snprintf(text, cap, "%.*s", n, word ? word : "");
        break;
    case MR_TRAIN_EPOCHS:
        write_epochs(text, cap, field_of(options, option));
        break;
    case MR_TRAIN_RATE:
        if (number_of(options, option) > 0)
            write_rate(text, cap, number_of(options, option));
        else
            snprintf(text, cap, "%s", AUTO);
        break;
    case MR_TRAIN_RATES:
        write_rates(text, cap, field_of(options, option));
        break;
    }
}

/* ---- checks ---- */

static bool is_good(const struct mr_train_options *options, const struct mr_train_option *option)
{
    int n;

    switch (option->kind) {
    case MR_TRAIN_INT:
    case MR_TRAIN_REAL:
        return is_in_range(option, number_of(options, option));
    case MR_TRAIN_TEXT:
        return memchr(field_of(options, option), '\0', option->size);
    case MR_TRAIN_NAME:
        return int_of(options, option) >= 0 && word_at(option->value, int_of(options, option), &n);
    case MR_TRAIN_EPOCHS:
        return is_good_epochs(field_of(options, option), option);
    case MR_TRAIN_RATE:
        return number_of(options, option) == 0 || is_in_range(option, number_of(options, option));
    case MR_TRAIN_RATES:
        return is_good_rates(field_of(options, option), option);
    case MR_TRAIN_SEED:
        break;
    }
    return true;
}

/* Values that are good each, and not together. */
static enum mr_status check_together(const struct mr_train_options *o, struct mr_error *err)
{
    if (o->lr == 0 && o->n_epochs == 0)
        return mr_fail(err, MR_E_USAGE,
                       "cannot search for the rate of 0+%d epochs: --lr auto is that of the first "
                       "part, and there is none; give --lr, or --whole-lr, a number",
                       o->n_whole);
    return MR_OK;
}

enum mr_status mr_train_options_check(const struct mr_train_options *options, struct mr_error *err)
{
    const struct mr_kernels *kernels;
    struct mr_mask mask;
    char takes[128];
    enum mr_status st;

    for (int i = 0; i < N_OPTIONS; i++) {
        if (is_good(options, &table[i]))
            continue;
        say_what_it_takes(takes, sizeof takes, &table[i]);
        return mr_fail(err, MR_E_USAGE, "the option '%s' must be %s", table[i].key, takes);
    }
    if (!mr_mask_read(&mask, options->mask))
        return mr_fail(err, MR_E_USAGE,
                       "cannot cover '%s': --mask takes auto, or X,Y,W,H in shares of the picture "
                       "from 0 to 1",
                       options->mask);
    if (mr_mask_hides_all(&mask))
        return mr_fail(err, MR_E_USAGE, "cannot cover '%s': nothing of the pictures would be left",
                       options->mask);
    st = check_together(options, err);
    return st ? st : mr_kernels_choose(&kernels, options->isa, err);
}

/* ---- JSON ---- */

static bool is_number(const struct mr_train_options *options, const struct mr_train_option *option)
{
    if (option->kind == MR_TRAIN_SEED)
        return seed_of(options, option) <= MAX_EXACT;
    if (option->kind == MR_TRAIN_RATE)
        return number_of(options, option) > 0;
    return option->kind == MR_TRAIN_INT || option->kind == MR_TRAIN_REAL;
}

/* As short as reads back the same; to cJSON's own two neighbouring doubles are equal. */
static void add_number(cJSON *json, const char *key, double value)
{
    char text[32];
    int n_digits = 15;

    assert(isfinite(value));
    do
        snprintf(text, sizeof text, "%.*g", n_digits, value);
    while (strtod(text, NULL) != value && n_digits++ < 17);
    cJSON_AddRawToObject(json, key, text);
}

static void write_option(cJSON *json, const struct mr_train_options *options,
                         const struct mr_train_option *option)
{
    char text[sizeof options->weights];

    if (is_number(options, option)) {
        add_number(json, option->key,
                   option->kind == MR_TRAIN_SEED ? (double)seed_of(options, option)
                                                 : number_of(options, option));
        return;
    }
    mr_train_option_write(text, sizeof text, options, option);
    cJSON_AddStringToObject(json, option->key, text);
}

char *mr_train_options_to_json(const struct mr_train_options *options)
{
    cJSON *json = cJSON_CreateObject();
    char *printed, *text;

    for (int i = 0; i < N_OPTIONS; i++)
        write_option(json, options, &table[i]);
    printed = cJSON_PrintUnformatted(json);
    /* A copy: cJSON's memory need not come from malloc. NULL only without memory. */
    text = mr_xstrdup(printed ? printed : "{}");
    cJSON_free(printed);
    cJSON_Delete(json);
    return text;
}

/* Numbers are read from their text too: 17 digits hold a double. */
static bool read_item(struct mr_train_options *options, const struct mr_train_option *option,
                      const cJSON *item)
{
    bool takes_text = option->kind != MR_TRAIN_INT && option->kind != MR_TRAIN_REAL;
    bool takes_number = !takes_text || option->kind == MR_TRAIN_SEED ||
                        option->kind == MR_TRAIN_EPOCHS || option->kind == MR_TRAIN_RATE;
    char number[32];

    if (takes_text && cJSON_IsString(item))
        return read_value(options, option, item->valuestring);
    if (!takes_number || !cJSON_IsNumber(item))
        return false;
    if (option->kind == MR_TRAIN_SEED && item->valuedouble > (double)MAX_EXACT)
        return false;
    snprintf(number, sizeof number, option->kind == MR_TRAIN_SEED ? "%.0f" : "%.17g",
             item->valuedouble);
    return (option->kind != MR_TRAIN_SEED || item->valuedouble == floor(item->valuedouble)) &&
           read_value(options, option, number);
}

static enum mr_status read_object(struct mr_train_options *options, const cJSON *object,
                                  struct mr_error *err)
{
    char takes[128];

    for (int i = 0; i < N_OPTIONS; i++) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, table[i].key);

        if (!item || read_item(options, &table[i], item))
            continue;
        say_what_it_takes(takes, sizeof takes, &table[i]);
        return mr_fail(err, MR_E_FORMAT, "the option '%s' is not %s", table[i].key, takes);
    }
    return MR_OK;
}

static enum mr_status refuse_unknown(const cJSON *object, struct mr_error *err)
{
    for (const cJSON *item = object->child; item; item = item->next) {
        int i = 0;

        while (i < N_OPTIONS && strcmp(table[i].key, item->string) != 0)
            i++;
        if (i == N_OPTIONS)
            return mr_fail(err, MR_E_FORMAT, "there is no option '%.80s'", item->string);
    }
    return MR_OK;
}

static enum mr_status read_json(struct mr_train_options *options, const char *json, bool is_strict,
                                struct mr_error *err)
{
    struct mr_train_options staged = mr_train_defaults();
    cJSON *object = cJSON_Parse(json);
    enum mr_status st = MR_OK;

    if (!cJSON_IsObject(object))
        st = mr_fail(err, MR_E_FORMAT, "the options of the run are not a JSON object");
    else if (is_strict)
        st = refuse_unknown(object, err);
    if (!st)
        st = read_object(&staged, object, err);
    cJSON_Delete(object);
    if (!st)
        st = mr_train_options_check(&staged, err);
    if (!st)
        *options = staged;
    return st;
}

enum mr_status mr_train_options_from_json(struct mr_train_options *options, const char *json,
                                          struct mr_error *err)
{
    return read_json(options, json, false, err);
}

enum mr_status mr_train_options_from_recipe(struct mr_train_options *options, const char *json,
                                            struct mr_error *err)
{
    return read_json(options, json, true, err);
}
