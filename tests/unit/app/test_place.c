/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <misread/base/file.h>
#include <misread/base/status.h>

#include "place.h"

static void keeps_the_project_beside_the_images_unless_told(void **state)
{
    char *dir = make_folder();
    struct mr_place place;
    struct mr_error err;
    char *expected = mr_path_join(dir, ".misread");

    assert_ok(mr_place_find(&place, dir, NULL, &err), err);
    assert_string_equal(place.project_dir, expected);
    assert_string_equal(place.name, mr_path_base(dir));
    mr_place_finish(&place);
    assert_ok(mr_place_find(&place, dir, "/tmp/elsewhere", &err), err);
    assert_string_equal(place.project_dir, "/tmp/elsewhere");
    mr_place_finish(&place);
    free(expected);
    remove_folder(dir);
}

static void remembers_the_last_project(void **state)
{
    char *home = make_folder(), *dir = make_folder();
    struct mr_place place;
    struct mr_error err;

    setenv("XDG_STATE_HOME", home, 1);
    assert_int_equal(mr_place_find(&place, NULL, NULL, &err), MR_E_USAGE);
    assert_ok(mr_place_find(&place, dir, NULL, &err), err);
    mr_place_remember(&place);
    mr_place_finish(&place);
    assert_ok(mr_place_find(&place, NULL, NULL, &err), err);
    assert_string_equal(place.data_dir, dir);
    mr_place_finish(&place);
    remove_folder(dir);
    /* it is gone: a sentence, not a crash */
    assert_int_equal(mr_place_find(&place, NULL, NULL, &err), MR_E_IO);
    remove_folder(home);
}

static void keeps_what_belongs_to_no_project_where_the_desktop_says(void **state)
{
    char *home = make_folder(), *path, *expected = mr_path_join(home, "state/misread/kernels");
    char *state_home = mr_path_join(home, "state"), *folder = mr_path_join(home, "state/misread");
    struct mr_error err;

    setenv("XDG_STATE_HOME", state_home, 1);
    path = mr_place_state("kernels");
    assert_string_equal(path, expected);
    free(path);
    assert_ok(mr_place_state_make(&err), err);
    assert_true(mr_path_is_dir(folder));
    unsetenv("XDG_STATE_HOME");
    setenv("HOME", home, 1);
    path = mr_place_state("last");
    assert_non_null(strstr(path, "/.local/state/misread/last"));
    free(path);
    free(expected);
    free(state_home);
    free(folder);
    remove_folder(home);
}

static void names_what_is_not_there(void **state)
{
    struct mr_place place;
    struct mr_error err;

    assert_int_equal(mr_place_find(&place, "/nonexistent/scans", NULL, &err), MR_E_IO);
    assert_non_null(strstr(err.message, "/nonexistent/scans"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_project_beside_the_images_unless_told),
        cmocka_unit_test(remembers_the_last_project),
        cmocka_unit_test(keeps_what_belongs_to_no_project_where_the_desktop_says),
        cmocka_unit_test(names_what_is_not_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
