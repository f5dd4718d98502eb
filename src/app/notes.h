/* SPDX-License-Identifier: MIT */
/* What is odd about a project's images without keeping a run from them: who trusts its figures
 * should know. */
#ifndef MISREAD_APP_NOTES_H
#define MISREAD_APP_NOTES_H

struct mr_image_table;
struct mr_store;

struct mr_notes {
    char **lines; /* owned; a sentence each, without a full stop; names in them are not safe yet */
    int n;
};

/* Once the images are scanned and split. What the store does not say just now is left out. */
struct mr_notes mr_notes_of(struct mr_store *store, const struct mr_image_table *table);
void mr_notes_finish(struct mr_notes *notes);

#endif
