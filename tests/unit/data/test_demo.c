/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <dirent.h>
#include <math.h>
#include <sys/stat.h>

#include <misread/base/file.h>
#include <misread/data/demo.h>
#include <misread/image/image.h>

#include "demo_canvas.h"
#include "demo_noise.h"
#include "demo_plan.h"

#define N 64

static struct mr_error err;

/* --- the plan -------------------------------------------------------------------------------- */

static void plans_equal_classes_and_equal_folders(void **state)
{
    struct mr_demo_plan plan;
    int truths[MR_DEMO_N_CLASSES] = {0}, files[MR_DEMO_N_CLASSES] = {0};

    mr_demo_plan_init(&plan, 5, 1600);
    assert_int_equal(plan.n, 1600);
    for (int i = 0; i < plan.n; i++) {
        truths[plan.items[i].truth]++;
        files[plan.items[i].folder]++;
    }
    for (int c = 0; c < MR_DEMO_N_CLASSES; c++) {
        assert_int_equal(truths[c], 200);
        assert_int_equal(files[c], 200);
    }
    mr_demo_plan_finish(&plan);
}

static void plants_three_wrong_labels_in_a_hundred(void **state)
{
    int n_partner = 0, n_pair = 0;

    for (uint64_t seed = 0; seed < 40; seed++) {
        struct mr_demo_plan plan;
        int n_wrong = 0;

        mr_demo_plan_init(&plan, seed, 1600);
        for (int i = 0; i < plan.n; i++) {
            const struct mr_demo_item *item = &plan.items[i];

            assert_int_equal(item->planted == MR_DEMO_MISLABELLED, item->folder != item->truth);
            n_wrong += item->folder != item->truth;
            n_pair += item->folder != item->truth && mr_demo_partner(item->truth) >= 0;
            n_partner += item->folder == mr_demo_partner(item->truth);
        }
        assert_int_equal(n_wrong, 48);
        mr_demo_plan_finish(&plan);
    }
    /* never in one half, by chance (1 in 7) in the other: 7.1 %, 960 draws, 3 errors are 2.5 % */
    assert_int_equal(n_pair, 40 * 24);
    assert_true(n_partner > .046 * n_pair && n_partner < .096 * n_pair);
}

static void plants_ambiguous_images_only_in_the_pairs(void **state)
{
    struct mr_demo_plan plan;
    int n[MR_DEMO_N_CLASSES] = {0};

    mr_demo_plan_init(&plan, 5, 1600);
    for (int i = 0; i < plan.n; i++) {
        const struct mr_demo_item *item = &plan.items[i];
        bool far_end = item->truth == MR_DEMO_DYED_MARGIN || item->truth == MR_DEMO_ESOPHAGITIS;

        n[item->truth] += item->planted == MR_DEMO_AMBIGUOUS;
        if (item->planted == MR_DEMO_AMBIGUOUS)
            assert_true(item->stage > .3f && item->stage < .7f);
        else
            assert_true(far_end ? item->stage > .7f : item->stage < .3f);
    }
    for (int c = 0; c < MR_DEMO_N_CLASSES; c++)
        assert_int_equal(n[c], mr_demo_partner(c) >= 0 ? 26 : 0);
    mr_demo_plan_finish(&plan);
}

static void partners_are_mutual(void **state)
{
    for (int c = 0; c < MR_DEMO_N_CLASSES; c++)
        if (mr_demo_partner(c) >= 0)
            assert_int_equal(mr_demo_partner(mr_demo_partner(c)), c);
    assert_int_equal(mr_demo_partner(MR_DEMO_ESOPHAGITIS), MR_DEMO_Z_LINE);
    assert_int_equal(mr_demo_partner(MR_DEMO_DYED_MARGIN), MR_DEMO_DYED_LIFTED);
}

/* Names in the order of a listing must not run with the classes. */
static void names_are_unique_and_tell_nothing(void **state)
{
    struct mr_demo_plan plan, other;
    int n_low[MR_DEMO_N_CLASSES] = {0};

    mr_demo_plan_init(&plan, 5, 1600);
    mr_demo_plan_init(&other, 6, 1600);
    for (int i = 0; i < plan.n; i++) {
        n_low[plan.items[i].truth] += plan.items[i].name < UINT32_C(0x80000000);
        for (int j = 0; j < i; j++)
            assert_int_not_equal(plan.items[i].name, plan.items[j].name);
    }
    assert_int_not_equal(plan.items[0].name, other.items[0].name);
    for (int c = 0; c < MR_DEMO_N_CLASSES; c++)
        assert_in_range(n_low[c], 70, 130); /* 4 standard errors of 200 fair coins: 28 */
    mr_demo_plan_finish(&plan);
    mr_demo_plan_finish(&other);
}

static void plans_a_handful_without_hanging(void **state)
{
    for (int n = 0; n < 120; n += 3) {
        struct mr_demo_plan plan;

        mr_demo_plan_init(&plan, (uint64_t)n, n);
        assert_true(plan.n >= 8 && abs(plan.n - n) <= 8);
        mr_demo_plan_finish(&plan);
    }
}

/* Behind the sound ones, which do not know of them. */
static void plants_one_flawed_image_in_twenty(void **state)
{
    struct mr_demo_plan plan, few;
    int n[MR_DEMO_N_FLAWS] = {0}, n_elsewhere = 0;

    mr_demo_plan_init(&plan, 5, 1600);
    mr_demo_plan_init(&few, 5, 192);
    assert_int_equal(few.n_all, few.n);
    assert_int_equal(plan.n_all, 1680);
    for (int i = 0; i < plan.n_all; i++) {
        const struct mr_demo_item *item = &plan.items[i], *source = &plan.items[item->source];
        bool is_copy = item->source != i;

        n[item->flaw]++;
        assert_int_equal(item->planted == MR_DEMO_MISLABELLED, item->folder != item->truth);
        assert_int_equal(is_copy, item->flaw > MR_DEMO_SOUND && item->flaw < MR_DEMO_BLURRED);
        assert_int_equal(item->flaw == MR_DEMO_SOUND, i < plan.n);
        assert_int_equal(item->truth, source->truth);
        n_elsewhere += is_copy && item->folder != source->folder;
    }
    for (int flaw = MR_DEMO_COPY; flaw < MR_DEMO_N_FLAWS; flaw++)
        assert_int_equal(n[flaw], flaw == MR_DEMO_BOXED ? 24 : 8);
    assert_in_range(n_elsewhere, 4, 18); /* one in four of 40 */
    mr_demo_plan_finish(&few);
    mr_demo_plan_finish(&plan);
}

/* --- the drawing ----------------------------------------------------------------------------- */

static void noise_is_smooth_periodic_and_centred(void **state)
{
    struct mr_demo_noise *noise = NULL;
    struct mr_rng rng = mr_rng_make(1, 0, 0, 0);
    double mean = 0, square = 0;

    assert_ok(mr_demo_noise_create(&noise, 3, &err), err);
    for (int i = 0; i < 4000; i++) {
        struct v3 p = v3((float)mr_rng_between(&rng, -40, 40), (float)mr_rng_between(&rng, -40, 40),
                         (float)mr_rng_between(&rng, -40, 40));
        struct v3 q = v3(p.x + MR_DEMO_LATTICE, p.y - MR_DEMO_LATTICE, p.z + 2 * MR_DEMO_LATTICE);
        struct v3 r = v3(p.x + .002f, p.y - .002f, p.z + .002f);
        float x = mr_demo_noise_at(noise, p);

        assert_true(fabsf(x - mr_demo_noise_at(noise, q)) < 1e-3f);
        assert_true(fabsf(x - mr_demo_noise_at(noise, r)) < .02f);
        assert_true(x > -1.6f && x < 1.6f);
        mean += x / 4000;
        square += x * x / 4000;
    }
    assert_true(fabs(mean) < .03);
    assert_true(square > .05);
    free(noise);
}

static void texels_are_read_between_and_around(void **state)
{
    static const unsigned char t[4] = {0, 255, 102, 51}; /* two rows of two */

    assert_true(fabsf(mr_demo_texel(t, 2, 0, 0)) < 1e-6f);
    assert_true(fabsf(mr_demo_texel(t, 2, .5f, 0) - 1) < 1e-6f);
    assert_true(fabsf(mr_demo_texel(t, 2, 0, .5f) - .4f) < 1e-6f);
    assert_true(fabsf(mr_demo_texel(t, 2, .25f, 0) - .5f) < 1e-6f);
    assert_true(fabsf(mr_demo_texel(t, 2, .75f, 1) - .5f) < 1e-6f); /* the last meets the first */
    assert_true(fabsf(mr_demo_texel(t, 2, -.5f, 0) - 1) < 1e-6f);
}

/* The share of the view that shows a polyp. */
static double polyp_share(const struct mr_demo_scene *scene)
{
    double n = 0;

    for (int y = -10; y <= 10; y++)
        for (int x = -12; x <= 12; x++) {
            struct v3 ray = mr_demo_scene_ray(scene, (float)x / 10, (float)y / 10);

            n += mr_demo_scene_cast(scene, ray, .02f).mass > .5f;
        }
    return n / (21 * 25);
}

static void polyps_are_seen_where_they_belong(void **state)
{
    struct mr_demo_noise *noise = NULL;

    assert_ok(mr_demo_noise_create(&noise, 3, &err), err);
    for (int c = 0; c < MR_DEMO_N_CLASSES; c++) {
        bool has = c == MR_DEMO_POLYPS || c == MR_DEMO_DYED_LIFTED;
        int n_seen = 0;

        for (uint64_t i = 0; i < 8; i++) {
            struct mr_rng rng = mr_rng_make(i, 9, 9, 9);
            struct mr_demo_scene scene;
            bool far_end = c == MR_DEMO_DYED_MARGIN || c == MR_DEMO_ESOPHAGITIS;

            mr_demo_scene_init(&scene, (enum mr_demo_class)c, far_end ? .97f : .03f, noise, &rng);
            n_seen += polyp_share(&scene) > .005;
        }
        assert_true(has ? n_seen >= 7 : n_seen == 0);
    }
    free(noise);
}

/* A ray ends on the wall: in the open before it, in the tissue behind it. */
static void rays_end_at_the_wall(void **state)
{
    struct mr_demo_noise *noise = NULL;
    int n = 0, n_good = 0;

    assert_ok(mr_demo_noise_create(&noise, 3, &err), err);
    for (uint64_t i = 0; i < 12; i++) {
        struct mr_rng rng = mr_rng_make(i, 8, 8, 8);
        struct mr_demo_scene s;

        mr_demo_scene_init(&s, i % 2 ? MR_DEMO_COLITIS : MR_DEMO_CECUM, 0, noise, &rng);
        for (int k = -8; k <= 8; k++) {
            struct v3 ray = mr_demo_scene_ray(&s, (float)k / 8, (float)(k * k % 7) / 8);
            struct mr_demo_hit hit = mr_demo_scene_cast(&s, ray, .02f);

            assert_true(fabsf(v3_length(ray) - 1) < 1e-4f);
            assert_true(fabsf(v3_length(hit.n) - 1) < 1e-3f);
            if (hit.t > 6)
                continue; /* the dark of the lumen */
            n++;
            n_good += s.wall(&s, v3_along(hit.p, .04f, hit.n)) > 0 &&
                      s.wall(&s, v3_along(hit.p, -.04f, hit.n)) < 0;
        }
    }
    assert_true(n > 100);
    assert_true(n_good > .97 * n);
    free(noise);
}

static void paints_every_class_with_light_and_colour(void **state)
{
    struct mr_demo_noise *noise = NULL;
    struct mr_demo_canvas *canvas = NULL;

    assert_ok(mr_demo_noise_create(&noise, 3, &err), err);
    assert_ok(mr_demo_canvas_create(&canvas, &err), err);
    for (int c = 0; c < MR_DEMO_N_CLASSES; c++) {
        struct mr_rng frame = mr_rng_make((uint64_t)c, 1, 0, 0),
                      rng = mr_rng_make((uint64_t)c, 2, 0, 0);
        struct mr_demo_scene scene;
        struct mr_image *image = NULL;
        double lit = 0, n;
        int centre;

        mr_demo_canvas_frame(canvas, &frame);
        n = (double)canvas->w * canvas->h;
        mr_demo_scene_init(&scene, (enum mr_demo_class)c, .5f, noise, &rng);
        mr_demo_paint(canvas, &scene, &rng);
        for (int i = 0; i < canvas->w * canvas->h; i++) {
            const float *p = canvas->rgb + 3 * i;

            assert_true(isfinite(p[0] + p[1] + p[2]));
            assert_true(p[0] >= 0 && p[1] >= 0 && p[2] >= 0);
            lit += p[0] > .02f && p[0] > p[1];
        }
        assert_true(lit > .35 * n); /* mucosa: red wins over green */
        assert_ok(mr_image_create(&image, canvas->w, canvas->h, &err), err);
        mr_demo_expose(canvas, image, &rng);
        centre = 3 * ((int)(canvas->view.y + canvas->view.h / 2) * canvas->w +
                      (int)(canvas->view.x + canvas->view.w / 2));
        for (int k = 0; k < 3; k++)
            assert_true(image->rgb[k] <= 4); /* the black frame */
        assert_true(image->rgb[centre] > 4);
        mr_image_destroy(image);
    }
    mr_demo_canvas_destroy(canvas);
    free(noise);
}

/* --- the files ------------------------------------------------------------------------------- */

struct calls {
    int n;
    int64_t last, total;
    int stop_at; /* call at which to cancel, 0 never */
};

static bool count_calls(void *ctx, int64_t n_done, int64_t n_total)
{
    struct calls *calls = ctx;

    assert_true(n_done > calls->last && n_done <= n_total);
    calls->n++;
    calls->last = n_done;
    calls->total = n_total;
    return calls->n != calls->stop_at;
}

static enum mr_status make(const char *dir, uint64_t seed, int n, struct calls *calls)
{
    struct mr_demo_options options = {seed, n, calls ? count_calls : NULL, calls};

    return mr_demo_make(dir, &options, &err);
}

/* Hashes names and bytes of all files under dir, in whatever order. */
static uint64_t hash_of(const char *dir, int *n_files)
{
    DIR *open = opendir(dir);
    struct dirent *entry;
    uint64_t sum = 0;

    assert_non_null(open);
    while ((entry = readdir(open)) != NULL) {
        char *path = mr_path_join(dir, entry->d_name);
        unsigned char *data = NULL;
        size_t n = 0;

        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) {
            free(path);
            continue;
        }
        if (mr_path_is_dir(path)) {
            sum += hash_of(path, n_files) * mr_hash_fnv(entry->d_name, strlen(entry->d_name));
        } else {
            assert_ok(mr_file_read(path, 1 << 24, &data, &n, &err), err);
            sum += mr_hash_mix(mr_hash_fnv(data, n) ^
                               mr_hash_fnv(entry->d_name, strlen(entry->d_name)));
            ++*n_files;
            free(data);
        }
        free(path);
    }
    closedir(open);
    return sum;
}

static void path_in(char *out, size_t cap, const char *dir, const char *name)
{
    assert_true((size_t)snprintf(out, cap, "%s/%s", dir, name) < cap);
}

/* Width and height from the frame header of a baseline JPEG. */
static void jpeg_size(const unsigned char *data, size_t n, int *w, int *h)
{
    *w = *h = 0;
    for (size_t i = 2; i + 9 < n && data[i] == 0xff;) {
        assert_int_not_equal(data[i + 1], 0xe1); /* no EXIF */
        if (data[i + 1] == 0xc0) {
            *h = data[i + 5] << 8 | data[i + 6];
            *w = data[i + 7] << 8 | data[i + 8];
            return;
        }
        i += 2 + (size_t)(data[i + 2] << 8 | data[i + 3]);
    }
}

struct row {
    char path[64], label[32], truth[32], planted[16];
};

static int read_truth(const char *dir, struct row *rows, int cap)
{
    char path[256], line[256];
    FILE *f;
    int n = 0;

    path_in(path, sizeof path, dir, "truth.csv");
    f = fopen(path, "r");
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f));
    assert_string_equal(line, "path,label,true_label,planted,flaw,of,box\n");
    while (fgets(line, sizeof line, f)) {
        assert_true(n < cap);
        assert_int_equal(sscanf(line, "%63[^,],%31[^,],%31[^,],%15[^,\n]", rows[n].path,
                                rows[n].label, rows[n].truth, rows[n].planted),
                         4);
        n++;
    }
    fclose(f);
    return n;
}

static void made_or_skip(enum mr_status st)
{
    if (st == MR_E_UNSUPPORTED)
        skip_because("built without a JPEG encoder");
    assert_ok(st, err);
}

static void truth_agrees_with_the_folders(void **state)
{
    char *dir = make_folder(), path[256];
    struct calls calls = {0};
    struct row rows[N];
    int n_wrong = 0, n_files = 0, n_in[MR_DEMO_N_CLASSES] = {0};

    made_or_skip(make(dir, 11, N, &calls));
    assert_int_equal(calls.last, N);
    assert_int_equal(calls.total, N);
    assert_int_equal(read_truth(dir, rows, N), N);
    for (int i = 0; i < N; i++) {
        size_t n = strlen(rows[i].label);

        assert_int_equal(strncmp(rows[i].path, rows[i].label, n), 0);
        assert_int_equal(rows[i].path[n], '/');
        path_in(path, sizeof path, dir, rows[i].path);
        assert_true(mr_path_exists(path));
        assert_int_equal(!strcmp(rows[i].planted, "mislabelled"),
                         !!strcmp(rows[i].label, rows[i].truth));
        n_wrong += !strcmp(rows[i].planted, "mislabelled");
        for (int c = 0; c < MR_DEMO_N_CLASSES; c++)
            n_in[c] += !strcmp(rows[i].label, mr_demo_folders[c]);
    }
    for (int c = 0; c < MR_DEMO_N_CLASSES; c++)
        assert_int_equal(n_in[c], N / MR_DEMO_N_CLASSES);
    assert_int_equal(n_wrong, 2); /* 3 % of 64 */
    hash_of(dir, &n_files);
    assert_int_equal(n_files, N + 2); /* truth.csv and the mark */
    remove_folder(dir);
}

static void sizes_vary_within_bounds(void **state)
{
    char *dir = make_folder(), path[256];
    struct row rows[24];
    int widths[24], n_different = 0;

    made_or_skip(make(dir, 3, 24, NULL));
    assert_int_equal(read_truth(dir, rows, 24), 24);
    for (int i = 0; i < 24; i++) {
        unsigned char *data = NULL;
        bool seen = false;
        size_t n = 0;
        int h;

        path_in(path, sizeof path, dir, rows[i].path);
        assert_ok(mr_file_read(path, 1 << 24, &data, &n, &err), err);
        jpeg_size(data, n, &widths[i], &h);
        free(data);
        assert_in_range(widths[i], 320, 720);
        assert_true(h > widths[i] / 1.35 && h < widths[i] / 1.24);
        for (int j = 0; j < i; j++)
            seen = seen || widths[j] == widths[i];
        n_different += !seen;
    }
    assert_true(n_different > 12);
    remove_folder(dir);
}

static void the_same_seed_gives_the_same_bytes(void **state)
{
    char *a = make_folder(), *b = make_folder(), *c = make_folder();
    int n_files = 0;

    made_or_skip(make(a, 21, 16, NULL));
    made_or_skip(make(b, 21, 16, NULL));
    made_or_skip(make(c, 22, 16, NULL));
    assert_true(hash_of(a, &n_files) == hash_of(b, &n_files));
    assert_true(hash_of(a, &n_files) != hash_of(c, &n_files));
    remove_folder(a);
    remove_folder(b);
    remove_folder(c);
}

static void leaves_a_complete_set_alone(void **state)
{
    char *dir = make_folder(), path[256];
    struct calls calls = {0};
    struct row rows[16];
    struct mr_file_part part = {"mine", 4};
    int n_files = 0;
    uint64_t before;

    made_or_skip(make(dir, 4, 16, NULL));
    assert_int_equal(read_truth(dir, rows, 16), 16);
    path_in(path, sizeof path, dir, rows[7].path);
    assert_ok(mr_file_write(path, 0600, &part, 1, &err), err);
    path_in(path, sizeof path, dir, rows[8].path);
    assert_int_equal(unlink(path), 0);
    before = hash_of(dir, &n_files);
    assert_ok(make(dir, 4, 16, &calls), err);
    assert_int_equal(calls.n, 0);
    assert_true(hash_of(dir, &n_files) == before);
    remove_folder(dir);
}

static void completes_an_interrupted_set(void **state)
{
    char *whole = make_folder(), *part = make_folder(), path[256];
    struct calls calls = {.stop_at = 1};
    struct mr_file_part junk = {"junk", 4};
    struct stat first, again;
    struct row rows[N];
    int n_files = 0, n_part = 0;

    made_or_skip(make(whole, 31, N, NULL));
    assert_int_equal(read_truth(whole, rows, N), N);
    assert_int_equal(make(part, 31, N, &calls), MR_E_CANCELLED);
    if (calls.last == N)
        skip_because("so many cores that one round is the whole set");
    path_in(path, sizeof path, part, "truth.csv");
    assert_false(mr_path_exists(path));
    hash_of(part, &n_part);
    assert_int_equal(n_part, calls.last + 1); /* and the mark */
    path_in(path, sizeof path, part, "polyps/0a1b2c3d.jpg.tmp.77");
    assert_ok(mr_file_write(path, 0600, &junk, 1, &err), err); /* a write that was cut off */
    path_in(path, sizeof path, part, rows[0].path);
    assert_int_equal(stat(path, &first), 0);

    assert_ok(make(part, 31, N, NULL), err);
    assert_int_equal(stat(path, &again), 0);
    assert_true(first.st_ino == again.st_ino); /* what was whole was not drawn again */
    assert_true(hash_of(whole, &n_files) == hash_of(part, &n_files));
    remove_folder(whole);
    remove_folder(part);
}

static void refuses_folders_that_hold_something_else(void **state)
{
    char *dir = make_folder(), *other = make_folder(), path[256];
    struct mr_file_part part = {"mine", 4};
    int n_files = 0;

    path_in(path, sizeof path, dir, "notes.txt");
    assert_ok(mr_file_write(path, 0600, &part, 1, &err), err);
    assert_int_equal(make(dir, 1, 8, NULL), MR_E_USAGE);
    assert_non_null(strstr(err.message, dir));
    hash_of(dir, &n_files);
    assert_int_equal(n_files, 1);

    made_or_skip(make(other, 1, 8, NULL));
    assert_int_equal(make(other, 2, 8, NULL), MR_E_USAGE);
    assert_non_null(strstr(err.message, other));
    assert_int_equal(make(other, 1, 16, NULL), MR_E_USAGE);
    n_files = 0;
    hash_of(other, &n_files);
    assert_int_equal(n_files, 10);
    remove_folder(dir);
    remove_folder(other);
}

static void makes_the_folder_and_its_parents(void **state)
{
    char *dir = make_folder(), path[256];
    int n_files = 0;

    path_in(path, sizeof path, dir, "a/b");
    made_or_skip(make(path, 1, 8, NULL));
    hash_of(path, &n_files);
    assert_int_equal(n_files, 10);
    remove_folder(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans_equal_classes_and_equal_folders),
        cmocka_unit_test(plants_three_wrong_labels_in_a_hundred),
        cmocka_unit_test(plants_ambiguous_images_only_in_the_pairs),
        cmocka_unit_test(partners_are_mutual),
        cmocka_unit_test(names_are_unique_and_tell_nothing),
        cmocka_unit_test(plants_one_flawed_image_in_twenty),
        cmocka_unit_test(plans_a_handful_without_hanging),
        cmocka_unit_test(noise_is_smooth_periodic_and_centred),
        cmocka_unit_test(texels_are_read_between_and_around),
        cmocka_unit_test(polyps_are_seen_where_they_belong),
        cmocka_unit_test(rays_end_at_the_wall),
        cmocka_unit_test(paints_every_class_with_light_and_colour),
        cmocka_unit_test(truth_agrees_with_the_folders),
        cmocka_unit_test(sizes_vary_within_bounds),
        cmocka_unit_test(the_same_seed_gives_the_same_bytes),
        cmocka_unit_test(leaves_a_complete_set_alone),
        cmocka_unit_test(completes_an_interrupted_set),
        cmocka_unit_test(refuses_folders_that_hold_something_else),
        cmocka_unit_test(makes_the_folder_and_its_parents),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
