/* SPDX-License-Identifier: MIT */
/* Screen 5: classes, findings, files that cannot be read, and the way from there to the images. */
#include "play.h"

static void says_that_nothing_was_measured_yet(void **state)
{
    struct play p = {0};

    begin(&p, NULL, 24, 80);
    type(&p, "5");
    golden(&p, "data_empty");
    type(&p, "<Enter>");
    see(&p, "not measured yet: M measures");
    end(&p);
}

static void shows_findings_classes_and_unreadable_files(void **state)
{
    struct play p = {.stage = {.has_damage = true}};

    begin(&p, &done, 24, 80);
    type(&p, "5M");
    golden(&p, "data_80x24");
    end(&p);
}

static void fits_a_large_screen_and_the_smallest(void **state)
{
    struct play p = {.stage = {.has_damage = true}};

    begin(&p, &done, 36, 120);
    type(&p, "5M");
    golden(&p, "data_120x36");
    vt_resize(p.vt, 16, 60);
    assert_true(vt_pump_quiet(p.vt, 300, WAIT_MS));
    golden(&p, "data_60x16");
    end(&p);
}

static void a_finding_opens_exactly_its_images(void **state)
{
    struct play p = {0};

    begin(&p, &done, 24, 80);
    type(&p, "5M");
    see(&p, "all 960 images measured");
    type(&p, "<Enter>");
    see(&p, "32 images · dark");
    golden(&p, "data_dark");
    type(&p, "s");
    see(&p, "in the order in which they were found");
    type(&p, "<Enter>");
    see(&p, "1 of 32");
    type(&p, "<Esc><Esc>");
    see(&p, "all 960 images measured");
    type(&p, "3");
    see(&p, "misread image");
    end(&p);
}

static void a_class_opens_its_images_before_any_run(void **state)
{
    struct play p = {0};

    begin(&p, NULL, 24, 80);
    type(&p, "5<Tab><Down><Enter>");
    see(&p, "120 images · dyed-resection-margins");
    type(&p, "<Enter>");
    see(&p, "not yet");
    type(&p, "f");
    see(&p, "flagged");
    end(&p);
}

static void v_shows_an_image_and_what_augmentation_makes_of_it(void **state)
{
    struct play p = {0};

    begin(&p, &done, 24, 80);
    type(&p, "5<Tab><Down>v");
    see(&p, "1 of 20");
    see(&p, "dyed-resection-margins · train");
    golden(&p, "variants_80x24");
    type(&p, "v"); /* eight others */
    see(&p, "16");
    type(&p, "<Right>");
    see(&p, "2 of 20");
    type(&p, "<Left><Left>");
    see(&p, "this is the first image");
    type(&p, "<End>");
    see(&p, "20 of 20");
    type(&p, "<Esc>");
    see(&p, "train valid test none");
    end(&p);
}

static void variants_fit_a_large_screen_and_the_smallest(void **state)
{
    struct play p = {0};

    begin(&p, &done, 36, 120);
    type(&p, "5v");
    see(&p, "1 of 160"); /* of all: nothing was measured */
    golden(&p, "variants_120x36");
    vt_resize(p.vt, 16, 60);
    assert_true(vt_pump_quiet(p.vt, 300, WAIT_MS));
    golden(&p, "variants_60x16");
    end(&p);
}

static void variants_of_a_finding_are_of_its_images(void **state)
{
    struct play p = {0};

    begin(&p, &done, 24, 80);
    type(&p, "5M");
    see(&p, "all 960 images measured");
    type(&p, "v");
    see(&p, "1 of 32");
    type(&p, "<Esc>");
    see(&p, "all 960 images measured");
    end(&p);
}

static void w_shows_a_batch_and_the_next_one(void **state)
{
    struct play p = {0};

    begin(&p, &done, 24, 80);
    type(&p, "5w");
    see(&p, "batch 1 of 2");
    golden(&p, "batch_80x24");
    type(&p, "<Right><Down>");
    see(&p, "6 of 64"); /* four beside each other */
    type(&p, "<End>");
    see(&p, "64 of 64");
    type(&p, "w");
    see(&p, "batch 2 of 2");
    see(&p, "1 of 64");
    type(&p, "<Right><Enter>");
    see(&p, "2 of 64");
    see(&p, "as it is");
    type(&p, "<Esc><Esc>");
    see(&p, "train valid test none");
    end(&p);
}

static void a_batch_fits_a_large_screen_and_the_smallest(void **state)
{
    struct play p = {0};

    begin(&p, &done, 36, 120);
    type(&p, "5w");
    golden(&p, "batch_120x36");
    type(&p, "?");
    see(&p, "again: the next one");
    type(&p, "<Esc>");
    vt_resize(p.vt, 16, 60);
    assert_true(vt_pump_quiet(p.vt, 300, WAIT_MS));
    golden(&p, "batch_60x16");
    end(&p);
}

static void says_why_there_are_no_variants_and_no_batch(void **state)
{
    struct play p = {.stage.has_failing_pictures = true};

    begin(&p, NULL, 24, 80);
    type(&p, "5v");
    see(&p, "64 px pad"); /* as the start sheet would have it */
    see(&p, "no such file");
    golden(&p, "variants_failed");
    type(&p, "w");
    see(&p, "no image is set aside for training yet");
    golden(&p, "batch_none");
    end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_that_nothing_was_measured_yet),
        cmocka_unit_test(shows_findings_classes_and_unreadable_files),
        cmocka_unit_test(fits_a_large_screen_and_the_smallest),
        cmocka_unit_test(a_finding_opens_exactly_its_images),
        cmocka_unit_test(a_class_opens_its_images_before_any_run),
        cmocka_unit_test(v_shows_an_image_and_what_augmentation_makes_of_it),
        cmocka_unit_test(variants_fit_a_large_screen_and_the_smallest),
        cmocka_unit_test(variants_of_a_finding_are_of_its_images),
        cmocka_unit_test(w_shows_a_batch_and_the_next_one),
        cmocka_unit_test(a_batch_fits_a_large_screen_and_the_smallest),
        cmocka_unit_test(says_why_there_are_no_variants_and_no_batch),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
