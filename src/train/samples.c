/* SPDX-License-Identifier: MIT */
/*
 * The list of samples. Its file is plain text:
 *
 *   misread samples 1
 *   classes 8
 *   train 17 3          side, image, label; train first, each side by ascending image
 */
#include "samples.h"

#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/file.h>
#include <misread/base/str.h>
#include <misread/data/cache.h>
#include <misread/data/loader.h>
#include <misread/store/images.h>
#include <misread/store/review.h>

#define MAX_BYTES ((size_t)1 << 30)

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

enum mr_status mr_samples_build(struct mr_samples *samples, const struct mr_image_table *table,
                                const struct mr_cache *cache, const struct mr_decision *decisions,
                                int n_decisions, enum mr_labels_kind labels, struct mr_error *err)
{
    struct mr_samples s = {.n_classes = table->n_classes};

    s.train = mr_xalloc((size_t)table->n + 1, sizeof *s.train);
    s.valid = mr_xalloc((size_t)table->n + 1, sizeof *s.valid);
    if (labels == MR_LABELS_ORIGINAL)
        n_decisions = 0;
    for (int i = 0; i < table->n; i++) {
        const struct mr_image_row *row = &table->rows[i];
        struct mr_sample sample = {.image = row->id};

        if (!is_usable(row, cache))
            continue;
        sample.label = label_of(row, decisions, n_decisions, table->n_classes);
        if (sample.label < 0)
            continue;
        if (row->side == MR_SIDE_TRAIN)
            s.train[s.n_train++] = sample;
        else if (row->side == MR_SIDE_VALID)
            s.valid[s.n_valid++] = sample;
    }
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
