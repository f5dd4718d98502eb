/* SPDX-License-Identifier: MIT */
#include "support.h"

#include "looking.h"

static const struct mr_size_px picture = {400, 200}, box = {200, 200};

static void check_part(const struct mr_looking *looking, int x, int y, int w, int h)
{
    struct mr_looking_part part = mr_looking_part_of(looking, picture, box);

    assert_int_equal(part.x, x);
    assert_int_equal(part.y, y);
    assert_int_equal(part.w, w);
    assert_int_equal(part.h, h);
}

static void press(struct mr_looking *looking, enum mr_act act, int n)
{
    for (int i = 0; i < n; i++)
        assert_true(mr_looking_act(looking, act, false));
}

/* At twice the size the height just fits; beyond that both sides are cut. */
static void fills_the_box_before_it_cuts(void **state)
{
    struct mr_looking looking = {0};

    check_part(&looking, 0, 0, 400, 200);
    press(&looking, MR_ACT_ZOOM_IN, 2);
    check_part(&looking, 100, 0, 200, 200);
    press(&looking, MR_ACT_ZOOM_IN, 2);
    check_part(&looking, 150, 50, 100, 100);
    press(&looking, MR_ACT_ZOOM_FIT, 1);
    check_part(&looking, 0, 0, 400, 200);
}

static void moves_within_the_image_when_zoomed_only(void **state)
{
    struct mr_looking looking = {0};

    assert_false(mr_looking_act(&looking, MR_ACT_NEXT, false));
    assert_false(mr_looking_act(&looking, MR_ACT_OPEN, false));
    press(&looking, MR_ACT_ZOOM_IN, 4);
    press(&looking, MR_ACT_NEXT, 1);
    check_part(&looking, 175, 50, 100, 100);
    press(&looking, MR_ACT_NEXT, 50);
    check_part(&looking, 300, 50, 100, 100);
    press(&looking, MR_ACT_UP, 50);
    press(&looking, MR_ACT_PREVIOUS, 50);
    check_part(&looking, 0, 0, 100, 100);
    press(&looking, MR_ACT_ZOOM_OUT, 50); /* and the middle is the middle again */
    press(&looking, MR_ACT_ZOOM_IN, 4);
    check_part(&looking, 150, 50, 100, 100);
}

static void goes_round_the_views(void **state)
{
    struct mr_looking looking = {0};

    press(&looking, MR_ACT_VIEW, 1);
    assert_int_equal(looking.view, MR_LOOK_PREDICTED);
    press(&looking, MR_ACT_VIEW, 2);
    assert_int_equal(looking.view, MR_LOOK_BOTH);
    press(&looking, MR_ACT_VIEW, 1);
    assert_int_equal(looking.view, MR_LOOK_PLAIN);
    press(&looking, MR_ACT_VIEW, 1);
    assert_true(mr_looking_act(&looking, MR_ACT_VIEW, true)); /* of a right answer one map */
    assert_int_equal(looking.view, MR_LOOK_PLAIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_the_box_before_it_cuts),
        cmocka_unit_test(moves_within_the_image_when_zoomed_only),
        cmocka_unit_test(goes_round_the_views),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
