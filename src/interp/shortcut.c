/* SPDX-License-Identifier: MIT */
/* Counts, and the verdict that McNemar's test allows. */
#include <misread/interp/shortcut.h>

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#include <misread/base/alloc.h>
#include <misread/interp/ranking.h>
#include <misread/store/quality.h>
#include <misread/store/runs.h>

#define LEVEL .05

const char *mr_shortcut_verdict_json(enum mr_shortcut_verdict verdict)
{
    static const char *const texts[] = {
#define X(name, json) json,
        MR_SHORTCUT_VERDICT_LIST(X)
#undef X
    };

    return texts[verdict];
}

static void add(struct mr_shortcut_group *group, int actual, int plain, int covered)
{
    group->n++;
    group->n_right += plain == actual;
    group->n_right_covered += covered == actual;
    group->n_changed += plain != covered;
    group->mcnemar.n_broken += plain == actual && covered != actual;
    group->mcnemar.n_fixed += plain != actual && covered == actual;
}

static enum mr_shortcut_verdict judge(const struct mr_shortcut_group *all)
{
    if (!all->n_changed)
        return MR_SHORTCUT_NOTHING;
    if (all->mcnemar.p >= LEVEL)
        return MR_SHORTCUT_NO_SIGN;
    return all->mcnemar.n_broken > all->mcnemar.n_fixed ? MR_SHORTCUT_LEANS : MR_SHORTCUT_MISLED;
}

struct mr_shortcut mr_shortcut_of(const struct mr_predictions *plain,
                                  const struct mr_predictions *covered,
                                  const struct mr_quality *rows, int n)
{
    struct mr_shortcut s = {.n_classes = plain->n_classes};
    int *before = mr_guesses_of(plain), *after = mr_guesses_of(covered);

    assert(plain->n == covered->n && plain->n_classes == covered->n_classes);
    s.n_of = mr_xalloc((size_t)s.n_classes, sizeof *s.n_of);
    s.n_with = mr_xalloc((size_t)s.n_classes, sizeof *s.n_with);
    for (int i = 0; i < plain->n; i++) {
        const struct mr_quality *row = mr_qualities_find(rows, n, plain->ids[i]);
        bool has_box = row && row->overlay_w > 0;
        int actual = plain->labels[i];

        assert(plain->ids[i] == covered->ids[i]);
        add(&s.groups[MR_SHORTCUT_ALL], actual, before[i], after[i]);
        add(&s.groups[has_box ? MR_SHORTCUT_WITH : MR_SHORTCUT_WITHOUT], actual, before[i],
            after[i]);
        s.n_of[actual]++;
        s.n_with[actual] += has_box;
    }
    for (int i = 0; i < MR_SHORTCUT_N_GROUPS; i++) {
        struct mr_mcnemar *test = &s.groups[i].mcnemar;

        *test = mr_mcnemar_of(test->n_broken, test->n_fixed);
    }
    s.verdict = judge(&s.groups[MR_SHORTCUT_ALL]);
    free(before);
    free(after);
    return s;
}

void mr_shortcut_finish(struct mr_shortcut *shortcut)
{
    free(shortcut->n_of);
    free(shortcut->n_with);
    *shortcut = (struct mr_shortcut){0};
}
