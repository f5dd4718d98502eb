/* SPDX-License-Identifier: MIT */
#include "project.h"

#include "sql.h"

#include <misread/base/clock.h>

static struct mr_image_table *load(struct mr_store *store)
{
    struct mr_image_table *t = NULL;
    struct mr_error err;

    assert_ok(mr_images_load(store, &t, &err), err);
    return t;
}

/* One more row, standing for a new file. */
static struct mr_image_row *append(struct mr_image_table *t, const char *hash, const char *path)
{
    struct mr_image_row *row;

    t->rows = mr_xrealloc(t->rows, (size_t)t->n + 1, sizeof *t->rows);
    row = &t->rows[t->n++];
    *row = (struct mr_image_row){0};
    snprintf(row->hash, sizeof row->hash, "%s", hash);
    row->path = mr_xstrdup(path);
    row->group = mr_xstrdup("");
    row->reason = mr_xstrdup("");
    return row;
}

static void set_text(char **text, const char *value)
{
    free(*text);
    *text = mr_xstrdup(value);
}

static void starts_empty(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_store(dir);
    struct mr_image_table *t = load(store);

    assert_int_equal(t->n, 0);
    assert_int_equal(t->n_classes, 0);
    assert_null(mr_images_find(t, 1));
    mr_images_destroy(t);
    mr_store_close(store);
    remove_folder(dir);
}

static void gives_back_every_field(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_store(dir);
    struct mr_image_table *t;
    struct mr_image_row *row;
    struct mr_error err;

    add_images(store, 2);
    t = load(store);
    row = &t->rows[1];
    set_text(&row->path, "b/\xff\xfe odd 'name'.png"); /* names are bytes */
    set_text(&row->group, "patient 7");
    set_text(&row->reason, "truncated");
    row->class_id = 2;
    row->side = MR_SIDE_TEST;
    row->state = MR_IMAGE_MOVED_CLASS;
    row->w = 640;
    row->h = 480;
    row->n_bytes = INT64_C(5000000000);
    row->mtime_ns = INT64_C(1700000000123456789);
    assert_ok(mr_images_save(store, t, &err), err);
    mr_images_destroy(t);

    t = load(store);
    assert_int_equal(t->n, 2);
    assert_int_equal(t->n_classes, 3);
    assert_string_equal(t->classes[0], "a");
    assert_string_equal(t->classes[2], "c");
    assert_int_equal(t->rows[0].id, 1);
    assert_int_equal(t->rows[0].class_id, 0);
    assert_int_equal(t->rows[0].side, MR_SIDE_TRAIN);
    row = &t->rows[1];
    assert_int_equal(row->id, 2);
    assert_string_equal(row->hash,
                        "0000000000000000000000000000000000000000000000000000000000000002");
    assert_string_equal(row->path, "b/\xff\xfe odd 'name'.png");
    assert_string_equal(row->group, "patient 7");
    assert_string_equal(row->reason, "truncated");
    assert_int_equal(row->class_id, 2);
    assert_int_equal(row->side, MR_SIDE_TEST);
    assert_int_equal(row->state, MR_IMAGE_MOVED_CLASS);
    assert_int_equal(row->w, 640);
    assert_int_equal(row->h, 480);
    assert_true(row->n_bytes == INT64_C(5000000000));
    assert_true(row->mtime_ns == INT64_C(1700000000123456789));
    assert_ptr_equal(mr_images_find(t, 2), row);
    assert_null(mr_images_find(t, 3));
    mr_images_destroy(t);
    mr_store_close(store);
    remove_folder(dir);
}

static void gives_ids_to_new_rows_and_keeps_the_old(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_store(dir);
    struct mr_image_table *t;
    struct mr_error err;

    add_images(store, 3);
    t = load(store);
    append(t, "ff", "c/new.png");
    t->classes = mr_xrealloc(t->classes, 4, sizeof *t->classes);
    t->classes[t->n_classes++] = mr_xstrdup("d");
    t->rows[3].class_id = 3;
    assert_ok(mr_images_save(store, t, &err), err);
    assert_int_equal(t->rows[0].id, 1);
    assert_int_equal(t->rows[3].id, 4);
    mr_images_destroy(t);
    t = load(store);
    assert_int_equal(t->n, 4);
    assert_string_equal(t->classes[t->rows[3].class_id], "d");
    mr_images_destroy(t);
    mr_store_close(store);
    remove_folder(dir);
}

static void writes_only_what_differs(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_store(dir);
    struct mr_image_table *t;
    struct mr_error err;
    int64_t version;

    add_images(store, 3);
    t = load(store);
    version = mr_store_version(store);
    assert_ok(mr_images_save(store, t, &err), err);
    assert_true(mr_store_version(store) == version);
    t->rows[1].w = 5;
    assert_ok(mr_images_save(store, t, &err), err);
    assert_true(mr_store_version(store) != version);
    mr_images_destroy(t);
    mr_store_close(store);
    remove_folder(dir);
}

static void meets_images_that_another_process_has_saved(void **state)
{
    char *dir = make_folder();
    struct mr_store *a = open_store(dir), *b = open_store(dir);
    struct mr_image_table *ta, *tb;
    struct mr_error err;

    add_images(a, 1);
    ta = load(a);
    tb = load(b);
    append(ta, "aa", "x.png");
    append(tb, "bb", "y.png"); /* another order, so that ids come out of order */
    append(tb, "aa", "x.png");
    assert_ok(mr_images_save(a, ta, &err), err);
    assert_ok(mr_images_save(b, tb, &err), err);
    assert_int_equal(tb->rows[1].id, 2);
    assert_string_equal(tb->rows[1].path, "x.png");
    assert_int_equal(tb->rows[2].id, 3);
    assert_ptr_equal(mr_images_find(tb, 3), &tb->rows[2]);
    mr_images_destroy(ta);
    mr_images_destroy(tb);
    ta = load(a);
    assert_int_equal(ta->n, 3);
    mr_images_destroy(ta);
    mr_store_close(a);
    mr_store_close(b);
    remove_folder(dir);
}

static void saves_all_or_nothing(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_store(dir);
    struct mr_image_table *t;
    struct mr_error err;

    add_images(store, 2);
    t = load(store);
    t->rows[0].w = 77;
    append(t, "aa", "x.png");
    append(t, "bb", "y.png")->class_id = 9; /* no such class */
    assert_int_equal(mr_images_save(store, t, &err), MR_E_STORE);
    assert_non_null(strstr(err.message, "cannot save the images in the project"));
    assert_int_equal(t->rows[2].id, 0);
    mr_images_destroy(t);
    t = load(store);
    assert_int_equal(t->n, 2);
    assert_int_equal(t->rows[0].w, 0);
    mr_images_destroy(t);
    mr_store_close(store);
    remove_folder(dir);
}

static void refuses_classes_that_changed_under_it(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_store(dir);
    struct mr_image_table *t;
    struct mr_error err;

    add_images(store, 1);
    t = load(store);
    set_text(&t->classes[1], "other");
    assert_int_equal(mr_images_save(store, t, &err), MR_E_BUSY);
    assert_non_null(strstr(err.message, "'b'"));
    assert_non_null(strstr(err.message, "'other'"));
    mr_images_destroy(t);
    mr_store_close(store);
    remove_folder(dir);
}

static void records_what_became_of_images_all_or_none(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_store(dir);
    char reason[] = "cut off";
    const struct mr_image_row read = {.id = 2, .w = 3, .h = 4};
    const struct mr_image_row verdicts[] = {
        {.id = 2, .state = MR_IMAGE_UNREADABLE, .reason = reason, .w = 3, .h = 4},
        {.id = 1, .w = 5, .h = 6},
        {.id = 9, .w = 7, .h = 8},
    };
    struct mr_image_table *t;
    struct mr_error err;

    add_images(store, 2);
    assert_ok(mr_images_set_states(store, verdicts, 2, &err), err);
    t = load(store);
    assert_int_equal(t->rows[0].state, MR_IMAGE_OK);
    assert_int_equal(t->rows[0].w, 5);
    assert_int_equal(t->rows[0].h, 6);
    assert_int_equal(t->rows[1].state, MR_IMAGE_UNREADABLE);
    assert_string_equal(t->rows[1].reason, "cut off");
    assert_int_equal(t->rows[1].w, 3);
    assert_int_equal(t->rows[1].h, 4);
    mr_images_destroy(t);
    assert_ok(mr_images_set_states(store, &read, 1, &err), err);
    assert_int_equal(mr_images_set_states(store, verdicts, 3, &err), MR_E_NOT_FOUND);
    assert_non_null(strstr(err.message, "image 9"));
    assert_ok(mr_images_set_states(store, NULL, 0, &err), err);
    t = load(store); /* none of the three was written */
    assert_int_equal(t->rows[1].state, MR_IMAGE_OK);
    assert_string_equal(t->rows[1].reason, "");
    mr_images_destroy(t);
    mr_store_close(store);
    remove_folder(dir);
}

static void refuses_a_table_with_impossible_classes(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_store(dir);
    struct mr_image_table *t = NULL;
    struct mr_error err;

    add_images(store, 2);
    assert_int_equal(sqlite3_exec(store->db,
                                  "PRAGMA foreign_keys = OFF; UPDATE image SET class = 7"
                                  " WHERE id = 2",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(mr_images_load(store, &t, &err), MR_E_FORMAT);
    assert_null(t);
    assert_non_null(strstr(err.message, "damaged"));
    mr_store_close(store);
    remove_folder(dir);
}

static void holds_a_hundred_thousand_images(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_store(dir);
    int64_t start = mr_clock_ms(), saved;
    struct mr_image_table *t;

    add_images(store, 100000);
    saved = mr_clock_ms();
    t = load(store);
    print_message("100,000 images: saved in %d ms, loaded in %d ms\n", (int)(saved - start),
                  (int)(mr_clock_ms() - saved));
    assert_int_equal(t->n, 100000);
    assert_string_equal(mr_images_find(t, 77777)->path, "a/77777.png");
    mr_images_destroy(t);
    mr_store_close(store);
    remove_folder(dir);
}

static void gives_reasons_without_the_path_of_whichever_copy_was_read(void **state)
{
    char a[] = "x/a.jpg", b[] = "x/b's.jpg", none[] = "";
    char why[] = "cannot read '/data/x/a.jpg': the file is empty";
    struct mr_image_row rows[] = {
        {.id = 1, .hash = "same", .path = a, .group = none, .reason = why},
        {.id = 2, .hash = "same", .path = b, .group = none, .reason = why},
        {.id = 3, .hash = "other", .path = a, .group = none, .reason = none},
    };
    struct mr_image_table table = {.rows = rows, .n = 3};

    assert_string_equal(mr_images_reason(&table, &rows[0]), "the file is empty");
    assert_string_equal(mr_images_reason(&table, &rows[1]), "the file is empty");
    assert_string_equal(mr_images_reason(&table, &rows[2]), "");
    rows[0].reason = (char *)"'/data/x/a.jpg' has changed since the folder was scanned";
    assert_string_equal(mr_images_reason(&table, &rows[0]), rows[0].reason);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_reasons_without_the_path_of_whichever_copy_was_read),
        cmocka_unit_test(starts_empty),
        cmocka_unit_test(gives_back_every_field),
        cmocka_unit_test(gives_ids_to_new_rows_and_keeps_the_old),
        cmocka_unit_test(writes_only_what_differs),
        cmocka_unit_test(meets_images_that_another_process_has_saved),
        cmocka_unit_test(saves_all_or_nothing),
        cmocka_unit_test(refuses_classes_that_changed_under_it),
        cmocka_unit_test(records_what_became_of_images_all_or_none),
        cmocka_unit_test(refuses_a_table_with_impossible_classes),
        cmocka_unit_test(holds_a_hundred_thousand_images),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
