/* SPDX-License-Identifier: MIT */
/* The predictions of one epoch and all that is counted from them. */
#include "reading.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/interp/confusion.h>
#include <misread/interp/labels.h>
#include <misread/interp/ranking.h>

#include "desk.h"
#include "facts.h"

static void drop_side(struct mr_reading_side *side)
{
    mr_predictions_destroy(side->stored);
    free(side->labels);
    free(side->losses);
    free(side->guesses);
    free(side->rows);
    *side = (struct mr_reading_side){0};
}

static void drop_counts(struct mr_reading *reading)
{
    mr_confusion_destroy(reading->confusion);
    free(reading->pairs);
    free(reading->worst);
    reading->confusion = NULL;
    reading->pairs = NULL;
    reading->worst = NULL;
    reading->n_pairs = reading->n_worst = 0;
}

static void drop_all(struct mr_reading *reading)
{
    drop_side(&reading->valid);
    drop_side(&reading->train);
    drop_counts(reading);
    reading->epoch = 0;
    reading->has_read_train = false;
}

static void drop_prepared(struct mr_reading *reading)
{
    for (int i = 0; i < 2; i++) {
        mr_predictions_destroy(reading->beside[i].stored);
        reading->beside[i] = (struct mr_beside){0};
    }
}

void mr_reading_finish(struct mr_reading *reading)
{
    mr_contrast_finish(&reading->contrast);
    drop_prepared(reading);
    drop_all(reading);
}

int mr_reading_label_now(const struct mr_facts *facts, const struct mr_desk *desk, int64_t image)
{
    struct mr_marks marks = mr_desk_marks(desk, image);
    const struct mr_image_row *row;

    if (marks.state.label >= 0)
        return marks.state.label;
    row = facts->images ? mr_images_find(facts->images, image) : NULL;
    return row ? row->class_id : -1;
}

/* Cross-entropy of class `label`, as it would have been with that label. */
static float loss_of(const float *logits, int k, int label)
{
    double sum = 0;
    int best = mr_argmax(logits, k);

    for (int i = 0; i < k; i++)
        sum += exp((double)logits[i] - (double)logits[best]);
    return (float)(log(sum) + (double)logits[best] - (double)logits[label]);
}

/* Of the whole side in one walk: both ascend by id. */
static void folder_labels(int *labels, const struct mr_predictions *p, const struct mr_facts *facts)
{
    for (int i = 0; i < p->n; i++)
        labels[i] = -1;
    if (facts->images)
        mr_labels_original(labels, p->ids, p->n, facts->images);
}

/* Labels and losses as they would be by today's labels. A class that the network does not know
 * keeps the old one. */
static void relabel(struct mr_reading_side *side, const struct mr_facts *facts,
                    const struct mr_desk *desk)
{
    const struct mr_predictions *p = side->stored;
    size_t n = (size_t)p->n;

    side->labels = mr_xrealloc(side->labels, n + 1, sizeof *side->labels);
    side->losses = mr_xrealloc(side->losses, n + 1, sizeof *side->losses);
    folder_labels(side->labels, p, facts);
    for (int i = 0; i < p->n; i++) {
        struct mr_marks marks = mr_desk_marks(desk, p->ids[i]);
        int label = marks.state.label >= 0 ? marks.state.label : side->labels[i];

        if (label < 0 || label >= p->n_classes)
            label = p->labels[i];
        side->labels[i] = label;
        side->losses[i] =
            label == p->labels[i]
                ? p->losses[i]
                : loss_of(p->logits + (size_t)i * (size_t)p->n_classes, p->n_classes, label);
    }
    side->view.labels = side->labels;
    side->view.losses = side->losses;
}

/* Of an epoch that stays only those whose label is another one now. */
static void renew_rows(struct mr_reading_side *side)
{
    for (int i = 0; side->rows && i < side->view.n; i++)
        if (side->rows[i].actual != side->view.labels[i])
            side->rows[i] = mr_ranked_of(&side->view, i);
}

static void set_view(struct mr_reading_side *side, const struct mr_reading *reading,
                     const struct mr_facts *facts, const struct mr_desk *desk)
{
    side->view = (struct mr_predictions){0};
    if (!side->stored)
        return;
    side->view = *side->stored;
    if (reading->by_labels_now)
        relabel(side, facts, desk);
    renew_rows(side);
    if (!side->guesses)
        side->guesses = mr_guesses_of(side->stored);
}

const struct mr_ranked *mr_reading_rows(struct mr_reading_side *side)
{
    const struct mr_ranking_filter any = {.actual = -1, .predicted = -1};

    if (!side->rows)
        mr_ranking_with(&side->view, side->guesses, &any, MR_ORDER_ID, &side->rows);
    return side->rows;
}

static void count(struct mr_reading *reading, const struct mr_facts *facts,
                  const struct mr_desk *desk)
{
    const struct mr_ranking_filter wrong = {.actual = -1, .predicted = -1, .only_wrong = 1};
    const struct mr_reading_side *valid = &reading->valid;

    drop_counts(reading);
    set_view(&reading->valid, reading, facts, desk);
    set_view(&reading->train, reading, facts, desk);
    reading->serial++;
    if (!reading->valid.stored)
        return;
    reading->confusion = mr_confusion_create(valid->view.n_classes);
    for (int i = 0; i < valid->view.n; i++)
        mr_confusion_add(reading->confusion, valid->view.labels[i], valid->guesses[i]);
    reading->n_pairs = mr_confusion_pairs(reading->confusion, &reading->pairs);
    reading->n_worst =
        mr_ranking_with(&valid->view, valid->guesses, &wrong, MR_ORDER_LOSS, &reading->worst);
    mr_contrast_refresh(&reading->contrast, &valid->view, valid->guesses, facts, desk);
}

/* The epoch to be shown: the one wanted if it is there, else the last. NULL: none. */
static const struct mr_epoch *wanted_epoch(const struct mr_reading *reading,
                                           const struct mr_facts *facts)
{
    int i = reading->epoch_wanted ? mr_facts_epoch_index(facts, reading->epoch_wanted) : -1;

    if (!facts->has_run || !facts->n_epochs)
        return NULL;
    return &facts->epochs[i >= 0 ? i : facts->n_epochs - 1];
}

static bool is_shown(const struct mr_reading *reading, const struct mr_facts *facts,
                     const struct mr_epoch *epoch)
{
    return reading->valid.stored && reading->run == facts->run.id &&
           reading->epoch == epoch->epoch && reading->of.n_correct == epoch->n_correct &&
           !memcmp(&reading->of.valid_loss, &epoch->valid_loss, sizeof epoch->valid_loss);
}

/* The training side is optional; it is asked for once an epoch. */
static enum mr_status read_train(struct mr_reading *reading, const struct mr_facts *facts,
                                 struct mr_error *err)
{
    enum mr_status st = mr_facts_predictions(facts, reading->run, reading->epoch, MR_SIDE_TRAIN,
                                             &reading->train.stored, err);

    reading->has_read_train = true;
    return st == MR_E_NOT_FOUND ? MR_OK : st;
}

/* ---- the epochs beside the one shown, so that a step to them need not wait for the disk ---- */

static bool take_prepared(struct mr_reading *reading)
{
    for (int i = 0; i < 2; i++) {
        struct mr_beside *beside = &reading->beside[i];

        if (!beside->stored || beside->run != reading->run || beside->epoch != reading->epoch)
            continue;
        reading->valid.stored = beside->stored;
        *beside = (struct mr_beside){0};
        return true;
    }
    return false;
}

bool mr_reading_prepare(struct mr_reading *reading, const struct mr_facts *facts)
{
    int at = mr_facts_epoch_index(facts, reading->epoch);

    if (!reading->epoch || reading->run != facts->run.id)
        return false;
    if (facts->is_live) {
        drop_prepared(reading); /* what trains may write its epochs anew */
        return false;
    }
    for (int i = 0; i < 2; i++) {
        struct mr_beside *beside = &reading->beside[i];
        int index = at + (i ? 1 : -1);
        int epoch = index >= 0 && index < facts->n_epochs ? facts->epochs[index].epoch : 0;

        if (beside->run == reading->run && beside->epoch == epoch)
            continue;
        mr_predictions_destroy(beside->stored);
        *beside = (struct mr_beside){.run = reading->run, .epoch = epoch};
        if (epoch &&
            mr_facts_predictions(facts, reading->run, epoch, MR_SIDE_VALID, &beside->stored, NULL))
            beside->stored = NULL;
        return true;
    }
    return false;
}

enum mr_status mr_reading_refresh(struct mr_reading *reading, const struct mr_facts *facts,
                                  const struct mr_desk *desk, bool labels_changed,
                                  struct mr_error *err)
{
    const struct mr_epoch *epoch = wanted_epoch(reading, facts);
    bool is_new = false;
    enum mr_status st = MR_OK;

    if (!epoch) {
        if (reading->epoch) {
            drop_all(reading);
            reading->serial++;
        }
        return MR_OK;
    }
    if (!is_shown(reading, facts, epoch)) {
        drop_all(reading);
        reading->run = facts->run.id;
        reading->epoch = epoch->epoch;
        reading->of = *epoch;
        if (!take_prepared(reading))
            st = mr_facts_predictions(facts, reading->run, epoch->epoch, MR_SIDE_VALID,
                                      &reading->valid.stored, err);
        is_new = true;
    }
    if (!st && reading->wants_train && !reading->has_read_train) {
        st = read_train(reading, facts, err);
        is_new = true;
    }
    if (is_new || reading->is_stale ||
        (labels_changed && (reading->by_labels_now || reading->contrast.is_on)))
        count(reading, facts, desk);
    reading->is_stale = false;
    return st;
}

bool mr_reading_travel(struct mr_reading *reading, const struct mr_facts *facts, int by)
{
    int i = mr_facts_epoch_index(facts, reading->epoch) + by;

    if (!reading->epoch || i < 0 || i >= facts->n_epochs)
        return false;
    reading->epoch_wanted = i == facts->n_epochs - 1 ? 0 : facts->epochs[i].epoch;
    return true;
}

int mr_reading_cell_at(const struct mr_reading *reading, const struct mr_facts *facts, int index,
                       int actual, int predicted)
{
    const struct mr_predictions *view = &reading->valid.view;
    const struct mr_epoch_guesses *guesses = &facts->guesses[index];
    int n = 0, g = 0;

    if (!guesses->n)
        return -1;
    /* both ascend by id, so that one walk is enough: this is drawn in every frame */
    for (int i = 0; i < view->n; i++) {
        while (g < guesses->n && guesses->ids[g] < view->ids[i])
            g++;
        if (g < guesses->n && guesses->ids[g] == view->ids[i])
            n += view->labels[i] == actual && guesses->predicted[g] == predicted;
    }
    return n;
}
