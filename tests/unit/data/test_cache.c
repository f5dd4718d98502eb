/* SPDX-License-Identifier: MIT */
#include "cache_lab.h"

static void keeps_the_pixels_of_every_image(void **state)
{
    struct stat st;

    add_images(1, 20);
    open_cache();
    assert_int_equal(mr_cache_size_px(cache), SIZE);
    for (int i = 1; i <= 20; i++) {
        const struct mr_image_row *row = mr_images_find(table, i);

        assert_pixels(cache, i, i);
        assert_int_equal(row->w, 8);
        assert_int_equal(row->h, 8);
        assert_stored(i);
    }
    assert_null(mr_cache_pixels(cache, 21));
    assert_null(mr_cache_pixels(cache, 0));
    assert_int_equal(stat(cache_path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void keeps_each_way_of_squaring_in_a_file_of_its_own(void **state)
{
    static const char old[] = "mrcache\n\2\0\0\0\10\0\0"; /* as files of a crop begin */
    static const char header[] = "P6\n16 8\n255\n";
    unsigned char rgb[16 * 8 * 3], start[16], *crop, *squish, *pad;
    char path[512];
    int fd;

    for (int k = 0; k < (int)sizeof rgb; k++)
        rgb[k] = pixel_of(1, k);
    write_file(1, header, sizeof header - 1, rgb, sizeof rgb);
    add_row(1);
    save_rows();
    crop = malloc(SIZE * SIZE * 3);
    squish = malloc(SIZE * SIZE * 3);
    pad = malloc(SIZE * SIZE * 3);
    assert_true(crop && squish && pad);
    for (int way = 0; way < 2 * MR_SQUARE_N; way++) { /* twice: the second time from the file */
        unsigned char *const kept[] = {crop, squish, pad};

        options.square = (enum mr_square)(way % MR_SQUARE_N);
        if (way == MR_SQUARE_N)
            erase(1);
        open_cache();
        if (way < MR_SQUARE_N)
            memcpy(kept[way], mr_cache_pixels(cache, 1), SIZE * SIZE * 3);
        else
            assert_memory_equal(kept[way % MR_SQUARE_N], mr_cache_pixels(cache, 1),
                                SIZE * SIZE * 3);
    }
    assert_memory_equal(crop, rgb + 4 * 3, SIZE * 3); /* the middle of the first row */
    assert_memory_not_equal(crop, squish, SIZE * SIZE * 3);
    assert_memory_not_equal(crop, pad, SIZE * SIZE * 3);
    assert_memory_not_equal(squish, pad, SIZE * SIZE * 3);
    fd = open(cache_path, O_RDONLY);
    assert_true(fd >= 0 && read(fd, start, sizeof start) == sizeof start);
    close(fd);
    assert_memory_equal(start, old, sizeof start);
    snprintf(path, sizeof path, "%s/cache/%dpx-pad.bin", project, SIZE);
    assert_int_equal(rename(path, cache_path), 0); /* a crop is not taken from there */
    write_file(1, header, sizeof header - 1, rgb, sizeof rgb);
    options.square = MR_SQUARE_CROP;
    open_cache();
    assert_memory_equal(crop, mr_cache_pixels(cache, 1), SIZE * SIZE * 3);
    free(crop);
    free(squish);
    free(pad);
}

static void crops_to_the_size_and_records_that_of_the_image(void **state)
{
    write_large(1, 40, 20);
    add_row(1);
    save_rows();
    open_cache();
    assert_non_null(mr_cache_pixels(cache, 1));
    assert_int_equal(mr_cache_pixels(cache, 1)[SIZE * SIZE * 3 - 1], 0);
    assert_int_equal(table->rows[0].w, 40);
    assert_int_equal(table->rows[0].h, 20);
    assert_stored(1);
}

static void does_not_decode_again_what_it_has(void **state)
{
    add_images(1, 5);
    open_cache();
    for (int i = 1; i <= 5; i++)
        erase(i);
    open_cache();
    for (int i = 1; i <= 5; i++) {
        assert_pixels(cache, i, i);
        assert_int_equal(mr_images_find(table, i)->state, MR_IMAGE_OK);
    }
}

static void lists_unreadable_images_with_their_reason_and_skips_them(void **state)
{
    const struct mr_image_row *bad;

    add_images(1, 4);
    write_garbage(2);
    erase(3);
    open_cache();
    assert_pixels(cache, 1, 1);
    assert_null(mr_cache_pixels(cache, 2));
    assert_null(mr_cache_pixels(cache, 3));
    assert_pixels(cache, 4, 4);
    for (int i = 2; i <= 3; i++) {
        char path[512];

        image_path(path, i);
        bad = mr_images_find(table, i);
        assert_int_equal(bad->state, MR_IMAGE_UNREADABLE);
        assert_non_null(strstr(bad->reason, path));
        assert_stored(i);
    }
    assert_non_null(strstr(mr_images_find(table, 2)->reason, "no image of a known kind"));
}

static void tries_unreadable_images_again_when_opened_again(void **state)
{
    add_images(1, 2);
    write_garbage(2);
    open_cache();
    write_image(2);
    open_cache();
    assert_pixels(cache, 2, 2);
    assert_int_equal(table->rows[1].state, MR_IMAGE_OK);
    assert_string_equal(table->rows[1].reason, "");
    assert_stored(2);
}

static void fails_when_no_image_can_be_read(void **state)
{
    write_garbage(1);
    write_garbage(2);
    add_row(1);
    add_row(2);
    save_rows();
    assert_int_equal(mr_cache_open(&cache, store, table, sandbox, &options, &err), MR_E_FORMAT);
    assert_non_null(strstr(err.message, "no image in"));
    assert_non_null(strstr(err.message, "1.ppm"));
    assert_null(cache);
    assert_int_equal(table->rows[1].state, MR_IMAGE_UNREADABLE);
    assert_stored(2);
}

static void leaves_missing_and_never_read_images_and_keeps_the_state_of_moved_ones(void **state)
{
    add_images(1, 4);
    table->rows[1].state = MR_IMAGE_MISSING;
    table->rows[2].state = MR_IMAGE_UNREADABLE;
    table->rows[2].mtime_ns = -1;
    free(table->rows[2].reason);
    table->rows[2].reason = mr_xstrdup("over the limit");
    table->rows[3].state = MR_IMAGE_MOVED_CLASS;
    save_rows();
    open_cache();
    assert_null(mr_cache_pixels(cache, 2));
    assert_null(mr_cache_pixels(cache, 3));
    assert_pixels(cache, 4, 4);
    assert_int_equal(table->rows[1].state, MR_IMAGE_MISSING);
    assert_int_equal(table->rows[2].state, MR_IMAGE_UNREADABLE);
    assert_string_equal(table->rows[2].reason, "over the limit");
    assert_int_equal(table->rows[3].state, MR_IMAGE_MOVED_CLASS);
    assert_int_equal(table->rows[3].w, 8);
}

static void
decodes_no_image_without_a_side_and_keeps_the_pixels_of_those_that_lose_theirs(void **state)
{
    struct stat before, after;

    add_images(1, 200);
    for (int i = 1; i < 200; i += 2)
        table->rows[i].side = MR_SIDE_NONE;
    open_cache();
    for (int i = 1; i <= 200; i++)
        assert_true(!mr_cache_pixels(cache, i) == (i % 2 == 0));
    for (int i = 0; i < 200; i++)
        table->rows[i].side = MR_SIDE_TRAIN;
    open_cache();
    assert_int_equal(stat(cache_path, &before), 0);
    for (int i = 1; i < 200; i++)
        table->rows[i].side = MR_SIDE_NONE;
    open_cache(); /* one is wanted: the others are not the past */
    assert_int_equal(stat(cache_path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_pixels(cache, 1, 1);
    assert_pixels(cache, 200, 200);
}

static void decodes_copies_once_and_tells_every_row(void **state)
{
    add_images(1, 3);
    strcpy(table->rows[2].hash, table->rows[0].hash);
    save_rows();
    erase(3);
    open_cache();
    assert_ptr_equal(mr_cache_pixels(cache, 3), mr_cache_pixels(cache, 1));
    assert_pixels(cache, 3, 1);
    assert_int_equal(table->rows[2].w, 8);
    add_row(4); /* a copy that comes later has its size without decoding */
    strcpy(table->rows[3].hash, table->rows[1].hash);
    save_rows();
    open_cache();
    assert_pixels(cache, 4, 2);
    assert_int_equal(table->rows[3].w, 8);
}

static void refuses_a_file_that_changed_after_the_scan(void **state)
{
    char path[512];
    struct stat st;

    add_images(1, 3);
    image_path(path, 1);
    assert_int_equal(stat(path, &st), 0);
    for (int i = 0; i < 2; i++) {
        table->rows[i].n_bytes = st.st_size;
        table->rows[i].mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    }
    table->rows[1].mtime_ns--; /* image 2 was scanned a moment earlier */
    save_rows();
    open_cache();
    assert_pixels(cache, 1, 1);
    assert_null(mr_cache_pixels(cache, 2));
    assert_non_null(strstr(table->rows[1].reason, "has changed"));
}

static void builds_anew_for_changed_content(void **state)
{
    add_images(1, 2);
    open_cache();
    write_image(1);
    table->rows[0].hash[0] ^= 1; /* what a scan would find: another hash, here in the same row */
    write_garbage(2);            /* but this one is not looked at again */
    save_rows();
    open_cache();
    assert_pixels(cache, 1, 1);
    assert_pixels(cache, 2, 2);
}

static void grows_without_disturbing_who_has_it_open(void **state)
{
    struct mr_cache *first;

    add_images(1, 3);
    open_cache();
    first = cache;
    cache = NULL;
    add_images(4, 40);
    open_cache();
    for (int i = 1; i <= 40; i++)
        assert_pixels(cache, i, i);
    for (int i = 1; i <= 3; i++)
        assert_pixels(first, i, i);
    assert_null(mr_cache_pixels(first, 4));
    mr_cache_close(first);
}

static void holds_more_than_a_block_of_slots(void **state)
{
    add_images(1, 1030);
    open_cache();
    for (int i = 1; i <= 1030; i++)
        erase(i);
    open_cache();
    for (int i = 1; i <= 1030; i++)
        assert_pixels(cache, i, i);
}

/* The entry of a slot lies behind the header; its seal behind 64 characters of hash, width and
 * height. */
#define ENTRY(slot) ((off_t)(4096 + 128 * (slot)))
#define SEAL(slot)  (ENTRY(slot) + 72)
#define SLOTS       ENTRY(1024)

struct interruption {
    int64_t first, last, total, stop_at;
};

static bool note_progress(void *ctx, int64_t n_done, int64_t n_total)
{
    struct interruption *seen = ctx;

    if (seen->first < 0)
        seen->first = n_done;
    assert_true(n_done >= seen->last && n_done <= n_total);
    seen->last = n_done;
    seen->total = n_total;
    return n_done < seen->stop_at;
}

static void goes_on_where_it_was_interrupted(void **state)
{
    struct interruption seen = {.first = -1, .stop_at = 2};
    int n_kept = 0;

    for (int i = 1; i <= 12; i++) { /* large: one takes a good part of the time between two looks */
        write_large(i, 2600, 2000);
        add_row(i);
    }
    save_rows();
    options.n_threads = 1;
    options.progress = note_progress;
    options.ctx = &seen;
    assert_int_equal(mr_cache_open(&cache, store, table, sandbox, &options, &err), MR_E_CANCELLED);
    assert_null(cache);
    assert_int_equal(seen.total, 12);
    for (int i = 1; i <= 12; i++)
        if (mr_images_find(table, i)->w) {
            assert_stored(i);
            erase(i); /* what is done is done */
            n_kept++;
        }
    assert_true(n_kept >= 2);
    seen = (struct interruption){.first = -1, .stop_at = 13};
    open_cache();
    assert_true(n_kept == 12 || seen.first >= n_kept);
    assert_true(n_kept == 12 || seen.last == 12);
    for (int i = 1; i <= 12; i++) {
        assert_non_null(mr_cache_pixels(cache, i));
        assert_int_equal(mr_images_find(table, i)->state, MR_IMAGE_OK);
    }
}

static void tells_at_once_how_much_there_is_to_decode(void **state)
{
    struct interruption seen = {.first = -1, .stop_at = 4};

    add_images(1, 3);
    options.progress = note_progress;
    options.ctx = &seen;
    open_cache();
    assert_int_equal(seen.first, 0);
    assert_int_equal(seen.last, 3);
    assert_int_equal(seen.total, 3);
}

/* From now on no file may reach into the slots of the cache. */
static bool fill_the_disk(void *ctx, int64_t n_done, int64_t n_total)
{
    const struct rlimit slots = {SLOTS, RLIM_INFINITY};

    assert_int_equal(setrlimit(RLIMIT_FSIZE, &slots), 0);
    return true;
}

static void blames_no_image_for_a_disk_that_fails(void **state)
{
    const struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};

    for (int i = 1; i <= 12; i++) { /* large: the disk is full before all are written */
        write_large(i, 2600, 2000);
        add_row(i);
    }
    save_rows();
    signal(SIGXFSZ, SIG_IGN);
    options.n_threads = 1;
    options.progress = fill_the_disk;
    assert_int_equal(mr_cache_open(&cache, store, table, sandbox, &options, &err), MR_E_IO);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    assert_non_null(strstr(err.message, "8px.bin"));
    assert_null(cache);
    for (int i = 1; i <= 12; i++)
        assert_int_equal(mr_images_find(table, i)->state, MR_IMAGE_OK);
    options.progress = NULL;
    open_cache();
    for (int i = 1; i <= 12; i++)
        assert_non_null(mr_cache_pixels(cache, i));
}

/* Is the page of a place in the cache's file in memory? */
static bool is_in_memory(off_t at)
{
    long page = sysconf(_SC_PAGESIZE);
    int fd = open(cache_path, O_RDONLY);
    unsigned char *map = mmap(NULL, (size_t)page, PROT_READ, MAP_SHARED, fd, at / page * page);
    unsigned char is_there = 0;

    assert_true(map != MAP_FAILED);
    assert_int_equal(mincore(map, (size_t)page, &is_there), 0);
    munmap(map, (size_t)page);
    close(fd);
    return is_there & 1;
}

static void fetches_what_is_expected_from_the_disk(void **state)
{
    int fd;

    add_images(1, 3);
    open_cache();
    open_cache(); /* maps the file anew: its slots are not in use */
    fd = open(cache_path, O_RDONLY);
    assert_int_equal(fsync(fd), 0);
    assert_int_equal(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
    close(fd);
    mr_cache_expect(cache, 99); /* which is not there */
    if (is_in_memory(SLOTS))
        skip_because("the file system keeps files in memory");
    mr_cache_expect(cache, 2);
    for (int i = 0; i < 500 && !is_in_memory(SLOTS); i++)
        usleep(10000);
    assert_true(is_in_memory(SLOTS));
    assert_pixels(cache, 2, 2);
}

static void decodes_again_what_was_not_sealed(void **state)
{
    const char zero[8] = {0};
    unsigned char junk[SIZE * SIZE * 3];
    int slot_of_2 = -1;

    add_images(1, 3);
    open_cache();
    for (int slot = 0; slot < 3; slot++) {
        char hash[64];
        int fd = open(cache_path, O_RDONLY);

        assert_int_equal(pread(fd, hash, 64, ENTRY(slot)), 64);
        close(fd);
        if (!strncmp(hash, table->rows[1].hash, 64))
            slot_of_2 = slot;
    }
    assert_true(slot_of_2 >= 0);
    /* killed while it wrote image 2: pixels half there, no seal */
    memset(junk, 7, sizeof junk);
    edit_file(4096 + 128 * 1024 + 192 * slot_of_2, junk, sizeof junk);
    edit_file(SEAL(slot_of_2), zero, 8);
    erase(1);
    erase(3);
    open_cache();
    for (int i = 1; i <= 3; i++)
        assert_pixels(cache, i, i);
}

/* Is the file another one than last time? For a freed number may come again, both are kept open. */
static bool is_replaced(int *kept)
{
    int fd = open(cache_path, O_RDONLY);
    struct stat now, before;
    bool is_other;

    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &now), 0);
    assert_int_equal(fstat(*kept, &before), 0);
    is_other = now.st_ino != before.st_ino;
    close(*kept);
    *kept = fd;
    return is_other;
}

static void throws_a_damaged_or_foreign_file_away(void **state)
{
    /* magic, version, size, number of slots, a hash, a width, a seal */
    const off_t places[] = {0, 8, 12, 16, ENTRY(1) + 5, ENTRY(1) + 64, SEAL(2) + 1};
    int kept;

    add_images(1, 5);
    open_cache();
    kept = open(cache_path, O_RDONLY);
    for (size_t k = 0; k < sizeof places / sizeof *places; k++) {
        unsigned char byte;

        assert_int_equal(pread(kept, &byte, 1, places[k]), 1);
        byte ^= 4; /* fewer slots than there are, too */
        edit_file(places[k], &byte, 1);
        open_cache();
        for (int i = 1; i <= 5; i++)
            assert_pixels(cache, i, i);
        assert_true(is_replaced(&kept));
    }
    assert_int_equal(truncate(cache_path, 5000), 0);
    open_cache();
    assert_pixels(cache, 5, 5);
    assert_int_equal(truncate(cache_path, 0), 0);
    open_cache();
    assert_pixels(cache, 5, 5);
    edit_file(0, "P6\n8 8\n255\nforeign", 18);
    open_cache();
    assert_pixels(cache, 5, 5);
    assert_true(is_replaced(&kept));
    open_cache(); /* and nothing is thrown away without cause */
    assert_false(is_replaced(&kept));
    close(kept);
}

static void starts_anew_when_it_holds_mostly_the_past(void **state)
{
    struct stat before, after;

    add_images(1, 100);
    open_cache();
    assert_int_equal(stat(cache_path, &before), 0);
    for (int i = 4; i <= 100; i++)
        table->rows[i - 1].state = MR_IMAGE_MISSING;
    save_rows();
    open_cache();
    assert_int_equal(stat(cache_path, &after), 0);
    assert_true(after.st_size < before.st_size);
    for (int i = 1; i <= 3; i++)
        assert_pixels(cache, i, i);
}

struct opener {
    struct mr_cache *cache;
    struct mr_image_table *table;
    struct mr_error err;
    enum mr_status status;
};

/* As another process would: a connection and a table of its own. */
static void open_beside(void *arg)
{
    struct opener *opener = arg;
    struct mr_store *own = NULL;

    opener->status = mr_store_open(&own, project, MR_STORE_EXISTING, &opener->err);
    if (!opener->status)
        opener->status = mr_images_load(own, &opener->table, &opener->err);
    if (!opener->status)
        opener->status =
            mr_cache_open(&opener->cache, own, opener->table, sandbox, &options, &opener->err);
    mr_store_close(own);
}

static void is_whole_when_several_open_it_at_once(void **state)
{
    struct opener openers[3] = {{0}};
    struct mr_thread *threads[3] = {0};

    add_images(1, 200);
    for (int k = 0; k < 3; k++)
        assert_ok(mr_thread_start(&threads[k], "opener", open_beside, &openers[k], &err), err);
    for (int k = 0; k < 3; k++)
        mr_thread_join(threads[k]);
    for (int k = 0; k < 3; k++) {
        assert_ok(openers[k].status, openers[k].err);
        for (int i = 1; i <= 200; i++)
            assert_pixels(openers[k].cache, i, i);
        mr_cache_close(openers[k].cache);
        mr_images_destroy(openers[k].table);
    }
}

static void waits_for_who_builds_until_called_off(void **state)
{
    struct interruption seen = {.first = -1, .stop_at = 0};
    char path[600];
    int fd;

    add_images(1, 2);
    open_cache();
    snprintf(path, sizeof path, "%s.lock", cache_path);
    fd = open(path, O_RDWR);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    options.progress = note_progress;
    options.ctx = &seen;
    mr_cache_close(cache);
    cache = NULL;
    assert_int_equal(mr_cache_open(&cache, store, table, sandbox, &options, &err), MR_E_CANCELLED);
    assert_int_equal(seen.total, 2);
    close(fd);
    open_cache();
}

static void refuses_absurd_sizes(void **state)
{
    const int sizes[] = {0, 1, -5, 2049};

    for (int k = 0; k < 4; k++) {
        options.size_px = sizes[k];
        assert_int_equal(mr_cache_open(&cache, store, table, sandbox, &options, &err), MR_E_USAGE);
    }
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

/* Another file: covered pictures and whole ones do not mix. */
static void a_mask_has_a_file_of_its_own(void **state)
{
    const unsigned char *pixels;

    add_images(1, 2);
    open_cache();
    assert_pixels(cache, 1, 1);
    assert_true(mr_mask_read(&options.mask, "0,0,1,1"));
    open_cache();
    pixels = mr_cache_pixels(cache, 1);
    for (int i = 3; i < SIZE * SIZE * 3; i++)
        assert_int_equal(pixels[i], pixels[i % 3]);
    options.mask.kind = MR_MASK_NONE;
    open_cache();
    assert_pixels(cache, 1, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_mask_has_a_file_of_its_own, set_up, tear_down),
        CASE(keeps_the_pixels_of_every_image),
        CASE(keeps_each_way_of_squaring_in_a_file_of_its_own),
        CASE(crops_to_the_size_and_records_that_of_the_image),
        CASE(does_not_decode_again_what_it_has),
        CASE(lists_unreadable_images_with_their_reason_and_skips_them),
        CASE(tries_unreadable_images_again_when_opened_again),
        CASE(fails_when_no_image_can_be_read),
        CASE(leaves_missing_and_never_read_images_and_keeps_the_state_of_moved_ones),
        CASE(decodes_no_image_without_a_side_and_keeps_the_pixels_of_those_that_lose_theirs),
        CASE(decodes_copies_once_and_tells_every_row),
        CASE(refuses_a_file_that_changed_after_the_scan),
        CASE(builds_anew_for_changed_content),
        CASE(grows_without_disturbing_who_has_it_open),
        CASE(holds_more_than_a_block_of_slots),
        CASE(goes_on_where_it_was_interrupted),
        CASE(tells_at_once_how_much_there_is_to_decode),
        CASE(blames_no_image_for_a_disk_that_fails),
        CASE(fetches_what_is_expected_from_the_disk),
        CASE(decodes_again_what_was_not_sealed),
        CASE(throws_a_damaged_or_foreign_file_away),
        CASE(starts_anew_when_it_holds_mostly_the_past),
        CASE(is_whole_when_several_open_it_at_once),
        CASE(waits_for_who_builds_until_called_off),
        CASE(refuses_absurd_sizes),
    };

    return cmocka_run_group_tests(tests, open_sandbox, close_sandbox);
}
