/* SPDX-License-Identifier: MIT */
/*
 * Which images a run trains on and is scored with, and by which labels: fixed when the run starts
 * and written down beside its checkpoints, so that a decision made later never changes what is
 * resumed.
 */
#ifndef MISREAD_TRAIN_SAMPLES_H
#define MISREAD_TRAIN_SAMPLES_H

#include <stdint.h>

#include <misread/base/hash.h>
#include <misread/base/status.h>
#include <misread/store/images.h>
#include <misread/train/trainer.h>

struct mr_cache;
struct mr_decision;
struct mr_sample;

struct mr_samples {
    struct mr_sample *train, *valid; /* owned; by ascending image */
    int n_train, n_valid, n_classes;
    int n_relabelled, n_excluded; /* by readers, of those two sides; 0 after loading */
    char hash[MR_SHA256_HEX];     /* of the file's text */
};

void mr_samples_finish(struct mr_samples *samples);

/*
 * From the store's images (readable ones that have a side; with cache not NULL, those that are in
 * it). REVIEWED: a relabelled image has its new class, unless readers differ; excluded images are
 * left out. MR_E_USAGE if a side is empty.
 */
enum mr_status mr_samples_build(struct mr_samples *samples, const struct mr_image_table *table,
                                const struct mr_cache *cache, const struct mr_decision *decisions,
                                int n_decisions, enum mr_labels_kind labels,
                                struct mr_error *err) MR_NODISCARD;

/*
 * Of one side alone, by the same rules; *samples owned (free). Returns how many. Samples of
 * validation, testing and training never share an image.
 */
int mr_samples_of(struct mr_sample **samples, enum mr_side side, const struct mr_image_table *table,
                  const struct mr_cache *cache, const struct mr_decision *decisions,
                  int n_decisions, enum mr_labels_kind labels);

/* A part of the training images, for a learning curve. */
struct mr_portion {
    double share; /* of the images of each class, 0 < share <= 1 */
    uint64_t seed;
};
/*
 * Leaves only a portion of the training samples: of each class the nearest number of images to its
 * share, but at least two where there are so many. Which are kept is a matter of seed, group and
 * hash alone: a larger share keeps all that a smaller one does, and images of one group (or exact
 * copies) come one after the other, so that a small share has few groups too.
 */
void mr_samples_keep(struct mr_samples *samples, const struct mr_image_table *table,
                     const struct mr_portion *portion);

/* By ascending image. */
void mr_samples_sort(struct mr_sample *samples, int n);

/* Writes and reads the list as text, whole or not at all. A malformed list is refused: MR_E_FORMAT.
 */
enum mr_status mr_samples_save(struct mr_samples *samples, const char *path,
                               struct mr_error *err) MR_NODISCARD;
enum mr_status mr_samples_load(struct mr_samples *samples, const char *path,
                               struct mr_error *err) MR_NODISCARD;

#endif
