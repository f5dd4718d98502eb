/* SPDX-License-Identifier: MIT */
/* The predictions of one epoch and all that is counted from them. */
#include "reading.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/interp/confusion.h>
#include <misread/interp/ranking.h>

#include "desk.h"
#include "facts.h"

static void drop_side(struct mr_reading_side *side)
{
    mr_predictions_destroy(side->stored);
    free(side->labels);
    free(side->losses);
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

void mr_reading_finish(struct mr_reading *reading)
{
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

/* Labels and losses as they would be by today's labels. A class that the network does not know
 * keeps the old one. */
static void relabel(struct mr_reading_side *side, const struct mr_facts *facts,
                    const struct mr_desk *desk)
{
    const struct mr_predictions *p = side->stored;
    size_t n = (size_t)p->n;

    side->labels = mr_xrealloc(side->labels, n + 1, sizeof *side->labels);
    side->losses = mr_xrealloc(side->losses, n + 1, sizeof *side->losses);
    for (int i = 0; i < p->n; i++) {
        int label = mr_reading_label_now(facts, desk, p->ids[i]);

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

static void set_view(struct mr_reading_side *side, const struct mr_reading *reading,
                     const struct mr_facts *facts, const struct mr_desk *desk)
{
    side->view = (struct mr_predictions){0};
    if (!side->stored)
        return;
    side->view = *side->stored;
    if (reading->by_labels_now)
        relabel(side, facts, desk);
}

static void count(struct mr_reading *reading, const struct mr_facts *facts,
                  const struct mr_desk *desk)
{
    const struct mr_ranking_filter wrong = {.actual = -1, .predicted = -1, .only_wrong = 1};

    drop_counts(reading);
    set_view(&reading->valid, reading, facts, desk);
    set_view(&reading->train, reading, facts, desk);
    reading->serial++;
    if (!reading->valid.stored)
        return;
    reading->confusion = mr_confusion_of(&reading->valid.view, NULL);
    reading->n_pairs = mr_confusion_pairs(reading->confusion, &reading->pairs);
    reading->n_worst = mr_ranking_of(&reading->valid.view, &wrong, MR_ORDER_LOSS, &reading->worst);
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
    enum mr_status st =
        mr_facts_predictions(facts, reading->epoch, MR_SIDE_TRAIN, &reading->train.stored, err);

    reading->has_read_train = true;
    return st == MR_E_NOT_FOUND ? MR_OK : st;
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
        st = mr_facts_predictions(facts, epoch->epoch, MR_SIDE_VALID, &reading->valid.stored, err);
        is_new = true;
    }
    if (!st && reading->wants_train && !reading->has_read_train) {
        st = read_train(reading, facts, err);
        is_new = true;
    }
    if (is_new || (labels_changed && reading->by_labels_now))
        count(reading, facts, desk);
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

int mr_reading_find_pair(const struct mr_reading *reading, int actual, int predicted)
{
    for (int i = 0; i < reading->n_pairs; i++)
        if (reading->pairs[i].actual == actual && reading->pairs[i].predicted == predicted)
            return i;
    return -1;
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
