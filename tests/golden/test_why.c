/* SPDX-License-Identifier: MIT */
/* One image: why it was read so, how near, and what it looks like. */
#include "play.h"

/* The first image of the worst pair. */
static void open_image(struct play *p, int rows, int cols)
{
    begin(p, &done, rows, cols);
    type(p, "2<Enter><Enter>");
    see(p, "1 of 36");
}

static void v_shows_why_one_class_the_other_both_and_the_image_again(void **state)
{
    struct play p = {0};

    open_image(&p, 24, 80);
    see_no(&p, "epoch 4");
    type(&p, "v");
    golden(&p, "why_80x24");
    see(&p, "why normal-z-line");
    see_no(&p, "why esophagitis");
    type(&p, "v");
    see(&p, "why esophagitis");
    type(&p, "<Right>"); /* kept from image to image */
    see(&p, "2 of 36");
    see(&p, "why esophagitis");
    type(&p, "<Left>v");
    golden(&p, "why_both_80x24");
    type(&p, "v");
    see_no(&p, "why esophagitis");
    end(&p);
}

static void reasons_have_room_on_a_large_screen_and_a_small_one(void **state)
{
    struct play p = {0};

    open_image(&p, 36, 120);
    type(&p, "vvv");
    golden(&p, "why_both_120x36");
    end(&p);
    p = (struct play){0};
    open_image(&p, 16, 60);
    type(&p, "v");
    golden(&p, "why_60x16");
    end(&p);
}

static void a_map_of_one_cell_says_that_it_tells_no_place(void **state)
{
    struct play p = {.stage.has_coarse_heat = true};

    open_image(&p, 24, 80);
    type(&p, "v");
    see(&p, "1x1 cells: too coarse to say where");
    type(&p, "vv");
    golden(&p, "why_coarse_80x24");
    end(&p);
}

static void says_why_there_is_no_answer_yet(void **state)
{
    struct play p = {.stage.has_no_weights = true};

    open_image(&p, 24, 80);
    type(&p, "v");
    see(&p, "run 1 has kept no weights yet");
    see(&p, "looking at 40 of 160");
    end(&p);
}

static void says_how_much_of_the_heat_is_in_the_position_box(void **state)
{
    struct play p = {.stage.has_box = true};

    open_image(&p, 24, 80);
    see_no(&p, "of heat");
    type(&p, "v");
    see(&p, "in the box 31 % of heat, 6 % of area");
    type(&p, "vv");
    golden(&p, "why_box_80x24");
    end(&p);
}

static void arrows_move_over_a_zoomed_image_and_n_goes_on(void **state)
{
    struct play p = {0};

    open_image(&p, 24, 80);
    type(&p, "+");
    see(&p, "1.5 times");
    type(&p, "<Right><Down><Left>");
    see(&p, "1 of 36");
    type(&p, "n");
    see(&p, "2 of 36");
    type(&p, "-<Right>");
    see(&p, "3 of 36");
    type(&p, "++0<Down>");
    see(&p, "4 of 36");
    end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(v_shows_why_one_class_the_other_both_and_the_image_again),
        cmocka_unit_test(reasons_have_room_on_a_large_screen_and_a_small_one),
        cmocka_unit_test(a_map_of_one_cell_says_that_it_tells_no_place),
        cmocka_unit_test(says_why_there_is_no_answer_yet),
        cmocka_unit_test(says_how_much_of_the_heat_is_in_the_position_box),
        cmocka_unit_test(arrows_move_over_a_zoomed_image_and_n_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
