/* SPDX-License-Identifier: MIT */
/*
 * The list of samples. Its file is plain text:
 *
 *   misread samples 1
 *   classes 8
 *   train 17 3          side, image, label; train first, each side by ascending image
 */
#include "samples.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/file.h>
#include <misread/base/rng.h>
#include <misread/base/str.h>
#include <misread/data/cache.h>
#include <misread/data/loader.h>
#include <misread/store/images.h>
#include <misread/store/review.h>

#define MAX_BYTES ((size_t)1 << 30)

/* Names the stream of random numbers that this file draws from. */
#define PURPOSE UINT64_C(0x706f7274696f6e)

void mr_samples_finish(struct mr_samples *samples)
{
    free(samples->train);
    free(samples->valid);
    memset(samples, 0, sizeof *samples);
}

/* Is the image there to be trained on? One that moved to another class folder still has its pixels.
 */
static bool is_usable(const struct mr_image_row *row, const struct mr_cache *cache)
{
    if (row->state == MR_IMAGE_UNREADABLE || row->state == MR_IMAGE_MISSING)
        return false;
    return !cache || mr_cache_pixels(cache, row->id);
}

/* The label of a row, or -1 if it is left out. */
static int label_of(const struct mr_image_row *row, const struct mr_decision *decisions,
                    int n_decisions, int n_classes)
{
    struct mr_review_state review = mr_review_state_of(decisions, n_decisions, row->id);

    if (review.is_excluded)
        return -1;
    if (review.is_disputed || review.label < 0 || review.label >= n_classes)
        return row->class_id;
    return review.label;
}

/* As mr_samples_of; adds up in counts what readers changed. */
static int collect(struct mr_sample **samples, enum mr_side side,
                   const struct mr_image_table *table, const struct mr_cache *cache,
                   const struct mr_decision *decisions, int n_decisions, struct mr_samples *counts)
{
    struct mr_sample *found = mr_xalloc((size_t)table->n + 1, sizeof *found);
    int n = 0;

    for (int i = 0; i < table->n; i++) {
        const struct mr_image_row *row = &table->rows[i];
        struct mr_sample sample = {.image = row->id};

        if (row->side != side || !is_usable(row, cache))
            continue;
        sample.label = label_of(row, decisions, n_decisions, table->n_classes);
        counts->n_excluded += sample.label < 0 && row->class_id >= 0;
        counts->n_relabelled += sample.label >= 0 && sample.label != row->class_id;
        if (sample.label >= 0)
            found[n++] = sample;
    }
    *samples = found;
    return n;
}

int mr_samples_of(struct mr_sample **samples, enum mr_side side, const struct mr_image_table *table,
                  const struct mr_cache *cache, const struct mr_decision *decisions,
                  int n_decisions, enum mr_labels_kind labels)
{
    struct mr_samples counts = {0};

    return collect(samples, side, table, cache, decisions,
                   labels == MR_LABELS_ORIGINAL ? 0 : n_decisions, &counts);
}

enum mr_status mr_samples_build(struct mr_samples *samples, const struct mr_image_table *table,
                                const struct mr_cache *cache, const struct mr_decision *decisions,
                                int n_decisions, enum mr_labels_kind labels, struct mr_error *err)
{
    struct mr_samples s = {.n_classes = table->n_classes};

    if (labels == MR_LABELS_ORIGINAL)
        n_decisions = 0;
    s.n_train = collect(&s.train, MR_SIDE_TRAIN, table, cache, decisions, n_decisions, &s);
    s.n_valid = collect(&s.valid, MR_SIDE_VALID, table, cache, decisions, n_decisions, &s);
    if (s.n_train < 2 || s.n_valid < 1) {
        enum mr_status st = mr_fail(
            err, MR_E_USAGE, "cannot train: %d readable images to train on and %d to validate with",
            s.n_train, s.n_valid);

        mr_samples_finish(&s);
        return st;
    }
    *samples = s;
    return MR_OK;
}

static int by_image(const void *left, const void *right)
{
    const struct mr_sample *a = left, *b = right;

    return (a->image > b->image) - (a->image < b->image);
}

void mr_samples_sort(struct mr_sample *samples, int n)
{
    qsort(samples, (size_t)n, sizeof *samples, by_image);
}

/* A training sample and when its turn is among those of its class. */
struct drawn {
    struct mr_sample sample;
    uint64_t turn; /* of its group */
};

static int by_class_and_turn(const void *left, const void *right)
{
    const struct drawn *a = left, *b = right;

    if (a->sample.label != b->sample.label)
        return a->sample.label < b->sample.label ? -1 : 1;
    if (a->turn != b->turn)
        return a->turn < b->turn ? -1 : 1;
    return (a->sample.image > b->sample.image) - (a->sample.image < b->sample.image);
}

static uint64_t turn_of(const struct mr_image_row *row, uint64_t seed)
{
    const char *what = *row->group ? row->group : row->hash;

    return mr_rng_make(seed, PURPOSE, mr_hash_fnv(what, strlen(what)), 0).key;
}

static int n_kept_of(int n, double share)
{
    int n_kept = (int)lround(share * n), least = n < 2 ? n : 2;

    return n_kept < least ? least : n_kept;
}

void mr_samples_keep(struct mr_samples *samples, const struct mr_image_table *table,
                     const struct mr_portion *portion)
{
    int n = samples->n_train, n_kept = 0;
    struct drawn *drawn = mr_xalloc((size_t)n + 1, sizeof *drawn);

    for (int i = 0; i < n; i++)
        drawn[i] =
            (struct drawn){samples->train[i],
                           turn_of(mr_images_find(table, samples->train[i].image), portion->seed)};
    qsort(drawn, (size_t)n, sizeof *drawn, by_class_and_turn);
    for (int first = 0, end; first < n; first = end) {
        for (end = first; end < n && drawn[end].sample.label == drawn[first].sample.label;)
            end++;
        for (int i = 0; i < n_kept_of(end - first, portion->share); i++)
            samples->train[n_kept++] = drawn[first + i].sample;
    }
    samples->n_train = n_kept;
    mr_samples_sort(samples->train, n_kept);
    free(drawn);
}

static void print_side(struct mr_str *text, const char *side, const struct mr_sample *samples,
                       int n)
{
    for (int i = 0; i < n; i++)
        mr_str_addf(text, "%s %lld %d\n", side, (long long)samples[i].image, samples[i].label);
}

enum mr_status mr_samples_save(struct mr_samples *samples, const char *path, struct mr_error *err)
{
    struct mr_str text = MR_STR_EMPTY;
    struct mr_file_part part;
    enum mr_status st;

    mr_str_addf(&text, "misread samples 1\nclasses %d\n", samples->n_classes);
    print_side(&text, "train", samples->train, samples->n_train);
    print_side(&text, "valid", samples->valid, samples->n_valid);
    part = (struct mr_file_part){.data = text.text, .n = text.n};
    st = mr_file_write(path, 0600, &part, 1, err);
    if (!st)
        mr_hash_sha256(text.text, text.n, samples->hash);
    mr_str_finish(&text);
    return st;
}

/* Reads a line's number and moves behind it and the one character `end`. */
static bool take_number(const char **at, char end, long long max, long long *value)
{
    char *behind;

    if (**at < '0' || **at > '9')
        return false;
    *value = strtoll(*at, &behind, 10);
    if (*behind != end || *value > max)
        return false;
    *at = behind + 1;
    return true;
}

static bool take_word(const char **at, const char *word)
{
    size_t n = strlen(word);

    if (strncmp(*at, word, n) != 0)
        return false;
    *at += n;
    return true;
}

/* Reads the lines of one side. False on a malformed one. */
static bool take_side(const char **at, const char *word, struct mr_sample *samples, int *n,
                      int n_classes)
{
    long long image, label, last = 0;

    while (take_word(at, word)) {
        if (!take_number(at, ' ', INT64_MAX - 1, &image) ||
            !take_number(at, '\n', n_classes - 1, &label) || image <= last)
            return false;
        samples[(*n)++] = (struct mr_sample){.image = image, .label = (int)label};
        last = image;
    }
    return true;
}

static bool parse(struct mr_samples *s, const char *text, size_t n)
{
    const char *at = text;
    long long n_classes;
    size_t n_lines = 0;

    for (size_t i = 0; i < n; i++)
        n_lines += text[i] == '\n';
    s->train = mr_xalloc(n_lines + 1, sizeof *s->train);
    s->valid = mr_xalloc(n_lines + 1, sizeof *s->valid);
    if (!take_word(&at, "misread samples 1\nclasses ") ||
        !take_number(&at, '\n', 1 << 20, &n_classes))
        return false;
    s->n_classes = (int)n_classes;
    return take_side(&at, "train ", s->train, &s->n_train, s->n_classes) &&
           take_side(&at, "valid ", s->valid, &s->n_valid, s->n_classes) && at == text + n &&
           s->n_train >= 2 && s->n_valid >= 1 && s->n_classes >= 2;
}

enum mr_status mr_samples_load(struct mr_samples *samples, const char *path, struct mr_error *err)
{
    struct mr_samples s = {0};
    unsigned char *data = NULL;
    size_t n = 0;
    enum mr_status st;

    st = mr_file_read(path, MAX_BYTES, &data, &n, err);
    if (st)
        return st;
    if (parse(&s, (const char *)data, n)) {
        mr_hash_sha256(data, n, s.hash);
        *samples = s;
    } else {
        mr_samples_finish(&s);
        st = mr_fail(err, MR_E_FORMAT, "the list of images '%s' is damaged", path);
    }
    free(data);
    return st;
}
