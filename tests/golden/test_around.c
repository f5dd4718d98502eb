/* SPDX-License-Identifier: MIT */
/*
 * Help, palette, sizes, zoom, suspending, saving the screen, mouse, hang-up.
 */
#include <signal.h>
#include <sys/wait.h>

#include "play.h"

static void help_lists_the_keys_of_the_screen(void **state)
{
    struct play p = {0};

    begin(&p, &done, 36, 120);
    type(&p, "?");
    golden(&p, "help_train");
    type(&p, "<Esc>");
    see_no(&p, "keys of Train");
    end(&p);
}

static void the_palette_does_a_command_by_name(void **state)
{
    struct play p = {0};

    begin(&p, &done, 24, 80);
    type(&p, "2:first ep");
    see(&p, "the first epoch");
    type(&p, "<Enter>");
    see(&p, "epoch 1 of 4");
    end(&p);
}

static void any_size_is_survived(void **state)
{
    static const struct {
        int rows, cols;
    } sizes[] = {{60, 200}, {12, 40}, {3, 9}, {16, 60}, {24, 80}};
    struct play p = {0};

    begin(&p, &done, 24, 80);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        vt_resize(p.vt, sizes[i].rows, sizes[i].cols);
        assert_true(vt_pump_quiet(p.vt, 300, WAIT_MS));
        if (sizes[i].rows == 12)
            see(&p, "need 60x16, have 40x12");
        type(&p, "123");
    }
    type(&p, "1");
    golden(&p, "train_80x24");
    type(&p, "2");
    golden(&p, "confusion_80x24");
    end(&p);
}

static void the_smallest_screen_shows_everything(void **state)
{
    struct play p = {0};

    begin(&p, &done, 16, 60);
    golden(&p, "train_60x16");
    type(&p, "<Tab>"); /* the strip of pictures is folded away until it has the focus */
    see(&p, "misread most");
    type(&p, "2");
    golden(&p, "confusion_60x16");
    type(&p, "<Enter>");
    golden(&p, "images_60x16");
    type(&p, "<Enter>");
    golden(&p, "image_60x16");
    end(&p);
}

static void a_zoomed_pane_fills_the_screen_and_goes_back(void **state)
{
    struct play p = {0};

    begin(&p, &done, 24, 80);
    type(&p, "z");
    see(&p, "polyps → dyed-resection-margins"); /* further down the list than fits otherwise */
    see_no(&p, "accuracy");
    type(&p, "<Esc>");
    golden(&p, "train_80x24");
    end(&p);
}

static void suspends_and_comes_back(void **state)
{
    struct play p = {0};

    begin(&p, &done, 24, 80);
    vt_keys(p.vt, "<C-z>");
    assert_true(vt_wait_stopped(p.vt, WAIT_MS));
    vt_pump(p.vt, 100);
    assert_false(vt_modes(p.vt).alternate_screen);
    vt_kill(p.vt, SIGCONT);
    see(&p, "most confused now");
    assert_true(vt_pump_quiet(p.vt, 300, WAIT_MS));
    golden(&p, "train_80x24");
    end(&p);
}

static void a_message_goes_with_its_screen(void **state)
{
    struct play p = {0};

    begin(&p, &done, 24, 80);
    type(&p, "2c"); /* eight classes */
    see(&p, "there is nothing to collapse");
    type(&p, "3");
    assert_int_equal(vt_find(p.vt, "there is nothing to collapse", NULL), -1);
    end(&p);
}

static void the_screen_is_saved_as_text(void **state)
{
    struct play p = {0};
    char path[700], text[16384];
    const char *row;
    size_t n;
    FILE *f;

    begin(&p, &done, 24, 80);
    type(&p, "2P");
    see(&p, "screen saved as");
    snprintf(path, sizeof path, "%s/screen-1790000000.txt", p.stage.project);
    f = fopen(path, "r");
    assert_non_null(f);
    n = fread(text, 1, sizeof text - 1, f);
    text[n] = '\0';
    fclose(f);
    row = vt_screen_text(p.vt, vt_find(p.vt, "[ 78 ]", NULL));
    assert_non_null(strstr(text, row));
    end(&p);
}

static void the_mouse_chooses_and_opens(void **state)
{
    struct play p = {0};
    int row, col;

    begin(&p, &done, 24, 80);
    row = vt_find(p.vt, "2 Confusion", &col);
    vt_mouse(p.vt, VT_MOUSE_CLICK, row, col + 2);
    see(&p, "recall");
    see(&p, "[ 78 ]");
    row = vt_find(p.vt, "[ 78 ]", &col);
    vt_mouse(p.vt, VT_MOUSE_CLICK, row, col + 8); /* the cell right of it: 19 */
    see(&p, "19 of 100");
    vt_mouse(p.vt, VT_MOUSE_WHEEL_DOWN, row, col + 8);
    see(&p, "92 of 100 read right");
    end(&p);
}

static void a_hang_up_ends_the_screen(void **state)
{
    struct play p = {0};
    int status;

    begin(&p, &done, 24, 80);
    vt_hang_up(p.vt);
    status = vt_wait_exit(p.vt, WAIT_MS);
    /* by the signal where nobody caught it, or by the loop that saw the terminal go */
    assert_true(status >= 0);
    assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) - 10 == MR_TUI_HANGUP);
    end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_lists_the_keys_of_the_screen),
        cmocka_unit_test(the_palette_does_a_command_by_name),
        cmocka_unit_test(any_size_is_survived),
        cmocka_unit_test(the_smallest_screen_shows_everything),
        cmocka_unit_test(a_zoomed_pane_fills_the_screen_and_goes_back),
        cmocka_unit_test(suspends_and_comes_back),
        cmocka_unit_test(a_message_goes_with_its_screen),
        cmocka_unit_test(the_screen_is_saved_as_text),
        cmocka_unit_test(the_mouse_chooses_and_opens),
        cmocka_unit_test(a_hang_up_ends_the_screen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
