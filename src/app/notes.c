/* SPDX-License-Identifier: MIT */
/* Notes on a project's images. */
#include "notes.h"

#include <stdbool.h>
#include <stdlib.h>

#include <misread/base/alloc.h>
#include <misread/base/str.h>
#include <misread/store/images.h>
#include <misread/store/store.h>

static void take_line(struct mr_notes *notes, char *line)
{
    notes->lines = mr_xrealloc(notes->lines, (size_t)notes->n + 1, sizeof *notes->lines);
    notes->lines[notes->n++] = line;
}

static bool is_there(const struct mr_image_row *row)
{
    return row->state != MR_IMAGE_MISSING && row->state != MR_IMAGE_UNREADABLE;
}

/* An expression that was meant for all images and fits some leaves the others torn. */
static void note_ungrouped(struct mr_notes *notes, struct mr_store *store,
                           const struct mr_image_table *table)
{
    char *group_re = NULL;
    int n = 0, n_alone = 0;

    for (int i = 0; i < table->n; i++) {
        n += is_there(&table->rows[i]);
        n_alone += is_there(&table->rows[i]) && !*table->rows[i].group;
    }
    if (!n_alone || mr_store_get_meta(store, "group_re", &group_re, NULL))
        return;
    if (group_re && *group_re)
        take_line(notes, mr_xasprintf("%d of %d images do not match '%s': each is a group of its "
                                      "own",
                                      n_alone, n, group_re));
    free(group_re);
}

/* Nothing measures how such a class is read. */
static void note_unmeasured(struct mr_notes *notes, const struct mr_image_table *table)
{
    int *n_train = mr_xalloc((size_t)table->n_classes + 1, sizeof *n_train);
    int *n_valid = mr_xalloc((size_t)table->n_classes + 1, sizeof *n_valid);

    for (int i = 0; i < table->n; i++) {
        const struct mr_image_row *row = &table->rows[i];

        if (!is_there(row) || row->class_id < 0)
            continue;
        n_train[row->class_id] += row->side == MR_SIDE_TRAIN;
        n_valid[row->class_id] += row->side == MR_SIDE_VALID;
    }
    for (int c = 0; c < table->n_classes; c++)
        if (n_train[c] && !n_valid[c])
            take_line(notes, mr_xasprintf("the class '%s' has no image to validate with: how well "
                                          "it is read is not measured",
                                          table->classes[c]));
    free(n_valid);
    free(n_train);
}

struct mr_notes mr_notes_of(struct mr_store *store, const struct mr_image_table *table)
{
    struct mr_notes notes = {0};

    note_ungrouped(&notes, store, table);
    note_unmeasured(&notes, table);
    return notes;
}

void mr_notes_finish(struct mr_notes *notes)
{
    for (int i = 0; i < notes->n; i++)
        free(notes->lines[i]);
    free(notes->lines);
    *notes = (struct mr_notes){0};
}
