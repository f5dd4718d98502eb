/* SPDX-License-Identifier: MIT */
/* Looking at the terminal: text, cells, the ledger of pictures, golden files. */
#include "vt.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sixel.h>

#include "vt_private.h"

/* ---- text ---- */

static size_t put_utf8(char *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

/* A row into out (4096 bytes) without trailing blanks; starts (may be NULL) gets the byte each
 * column starts at. */
static void row_text(struct vt *vt, int row, char *out, int *starts)
{
    size_t n = 0, end = 0;

    for (int col = 0; col < vt->cols && n < 4000; col++) {
        VTermScreenCell cell;

        if (starts)
            starts[col] = (int)n;
        vterm_screen_get_cell(vt->screen, (VTermPos){row, col}, &cell);
        if (cell.chars[0] == (uint32_t)-1)
            continue;
        if (cell.chars[0] == 0 || cell.chars[0] == ' ') {
            out[n++] = ' ';
            continue;
        }
        for (int i = 0; i < VTERM_MAX_CHARS_PER_CELL && cell.chars[i]; i++)
            n += put_utf8(out + n, cell.chars[i] == 0xa0 ? 0x2591 : cell.chars[i]);
        end = n;
    }
    out[end] = 0;
}

const char *vt_screen_text(struct vt *vt, int row)
{
    char *out = vt->lines[row % 8];

    if (row < 0 || row >= vt->rows)
        return "";
    row_text(vt, row, out, NULL);
    return out;
}

char *vt_screen_dump(struct vt *vt)
{
    struct vt_bytes all = {0};

    vt_bytes_add(&all, "", 0);
    for (int row = 0; row < vt->rows; row++) {
        const char *line = vt_screen_text(vt, row);

        vt_bytes_add(&all, line, strlen(line));
        vt_bytes_add(&all, "\n", 1);
    }
    return all.data;
}

int vt_find(struct vt *vt, const char *text, int *col)
{
    char line[4096];
    int starts[4096];

    for (int row = 0; row < vt->rows; row++) {
        const char *at;

        row_text(vt, row, line, starts);
        at = strstr(line, text);
        if (!at)
            continue;
        for (int c = 0; col && c < vt->cols; c++) {
            if (starts[c] == at - line) {
                *col = c;
                break;
            }
        }
        return row;
    }
    return -1;
}

static unsigned rgb_of(struct vt *vt, VTermColor color)
{
    vterm_screen_convert_color_to_rgb(vt->screen, &color);
    return (unsigned)color.rgb.red << 16 | (unsigned)color.rgb.green << 8 | color.rgb.blue;
}

struct vt_cell vt_cell_at(struct vt *vt, int row, int col)
{
    VTermScreenCell cell;

    vterm_screen_get_cell(vt->screen, (VTermPos){row, col}, &cell);
    return (struct vt_cell){
        .character = cell.chars[0],
        .bold = cell.attrs.bold,
        .underline = cell.attrs.underline != 0,
        .reverse = cell.attrs.reverse,
        .fg_default = VTERM_COLOR_IS_DEFAULT_FG(&cell.fg),
        .bg_default = VTERM_COLOR_IS_DEFAULT_BG(&cell.bg),
        .fg = rgb_of(vt, cell.fg),
        .bg = rgb_of(vt, cell.bg),
    };
}

/* ---- pictures ---- */

static int count_colors(const unsigned char *index, size_t n)
{
    bool seen[256] = {false};
    int count = 0;

    for (size_t i = 0; i < n; i++) {
        count += !seen[index[i]];
        seen[index[i]] = true;
    }
    return count;
}

/* The decoder may give more rows than the picture has; the raster attributes say how many. */
static void raster_size(const char *dcs, size_t n, int *w, int *h)
{
    const char *quote = memchr(dcs, '"', n < 64 ? n : 64);
    int rw, rh;

    if (quote && sscanf(quote + 1, "%*d;%*d;%d;%d", &rw, &rh) == 2) {
        *w = rw < *w ? rw : *w;
        *h = rh < *h ? rh : *h;
    }
}

static bool decode(struct vt_picture *picture, const char *dcs, size_t n)
{
    unsigned char *index, *palette;
    int w, h, n_palette, stride;

    if (SIXEL_FAILED(sixel_decode_raw((unsigned char *)dcs, (int)n, &index, &w, &h, &palette,
                                      &n_palette, NULL)))
        return false;
    stride = w;
    raster_size(dcs, n, &w, &h);
    picture->w = w;
    picture->h = h;
    picture->n_bytes = n;
    picture->n_colors = count_colors(index, (size_t)stride * (size_t)h);
    picture->rgb = malloc((size_t)w * (size_t)h * 3);
    for (int y = 0; y < h; y++) {
        for (int x = 0; x < w; x++)
            memcpy(picture->rgb + ((size_t)y * (size_t)w + (size_t)x) * 3,
                   palette + index[(size_t)y * (size_t)stride + (size_t)x] * 3, 3);
    }
    free(index);
    free(palette);
    return true;
}

/* Takes a cell from the picture one saw there. */
static void take_cell(struct vt *vt, int row, int col, bool is_damage)
{
    int *owner = &vt->owner[row * vt->cols + col];
    struct vt_picture *picture;

    if (!*owner)
        return;
    picture = &vt->pictures[*owner - 1];
    picture->n_visible--;
    picture->n_damaged += is_damage;
    picture->is_whole = false;
    picture->is_alive = picture->n_visible > 0;
    *owner = 0;
}

void vt_picture_draw(struct vt *vt, const char *dcs, size_t n)
{
    struct vt_picture picture = {0};
    int cell_w = vt->options.cell_w ? vt->options.cell_w : 9;
    int cell_h = vt->options.cell_h ? vt->options.cell_h : 19;
    VTermPos pos;

    vterm_state_get_cursorpos(vt->state, &pos);
    if (!decode(&picture, dcs, n)) {
        printf("vt: a picture of %zu bytes cannot be decoded\n", n);
        return;
    }
    picture.row = pos.row;
    picture.col = pos.col;
    picture.rows = (picture.h + cell_h - 1) / cell_h;
    picture.cols = (picture.w + cell_w - 1) / cell_w;
    picture.on_last_row = pos.row + picture.rows >= vt->rows;
    vt->pictures = realloc(vt->pictures, (size_t)(vt->n_pictures + 1) * sizeof *vt->pictures);
    vt->pictures[vt->n_pictures++] = picture;
    for (int row = pos.row; row < pos.row + picture.rows && row < vt->rows; row++) {
        for (int col = pos.col; col < pos.col + picture.cols && col < vt->cols; col++) {
            take_cell(vt, row, col, false);
            vt->owner[row * vt->cols + col] = vt->n_pictures;
            vt->pictures[vt->n_pictures - 1].n_visible++;
        }
    }
    vt->pictures[vt->n_pictures - 1].is_alive = true;
    vt->pictures[vt->n_pictures - 1].is_whole =
        vt->pictures[vt->n_pictures - 1].n_visible == picture.rows * picture.cols;
}

void vt_picture_damage(struct vt *vt, VTermRect rect)
{
    for (int row = rect.start_row < 0 ? 0 : rect.start_row; row < rect.end_row && row < vt->rows;
         row++) {
        for (int col = rect.start_col < 0 ? 0 : rect.start_col;
             col < rect.end_col && col < vt->cols; col++)
            take_cell(vt, row, col, true);
    }
}

void vt_picture_lose_all(struct vt *vt)
{
    vt_picture_damage(vt, (VTermRect){0, vt->rows, 0, vt->cols});
}

const struct vt_picture *vt_pictures(struct vt *vt, int *n)
{
    *n = vt->n_pictures;
    return vt->pictures;
}

const struct vt_picture *vt_picture_at(struct vt *vt, int row, int col)
{
    int owner = row >= 0 && row < vt->rows && col >= 0 && col < vt->cols
                    ? vt->owner[row * vt->cols + col]
                    : 0;

    return owner ? &vt->pictures[owner - 1] : NULL;
}

double vt_psnr(const unsigned char *a, const unsigned char *b, int w, int h)
{
    double sum = 0;
    size_t n = (size_t)w * (size_t)h * 3;

    for (size_t i = 0; i < n; i++) {
        double d = (double)a[i] - b[i];

        sum += d * d;
    }
    return sum > 0 ? 10 * log10(255. * 255. * (double)n / sum) : 99;
}

/* ---- the stream and the modes ---- */

const char *vt_stream(const struct vt *vt, size_t *n)
{
    *n = vt->stream.n;
    return vt->stream.data;
}

int vt_count(const struct vt *vt, const char *bytes)
{
    const char *at = vt->stream.data, *end = at + vt->stream.n;
    size_t n = strlen(bytes);
    int count = 0;

    while (at && (at = memmem(at, (size_t)(end - at), bytes, n))) {
        count++;
        at += n;
    }
    return count;
}

int vt_n_csi(const struct vt *vt, char final)
{
    const char *s = vt->stream.data, *end = s + vt->stream.n;
    int count = 0;

    while (s && (s = memmem(s, (size_t)(end - s), "\033[", 2))) {
        s += 2;
        while (s < end && *s >= 0x20 && *s <= 0x3f)
            s++;
        count += s < end && *s == final;
    }
    return count;
}

static bool is_color(int parameter)
{
    return (parameter >= 30 && parameter <= 38) || (parameter >= 40 && parameter <= 48) ||
           (parameter >= 90 && parameter <= 97) || (parameter >= 100 && parameter <= 107);
}

int vt_n_color_sgr(const struct vt *vt)
{
    const char *s = vt->stream.data, *end = s + vt->stream.n;
    int count = 0;

    while (s && (s = memmem(s, (size_t)(end - s), "\033[", 2))) {
        const char *first = s += 2;

        while (s < end && ((*s >= '0' && *s <= '9') || *s == ';'))
            s++;
        if (s >= end || *s != 'm')
            continue;
        for (const char *p = first; p < s;) {
            char *next;

            count += is_color((int)strtol(p, &next, 10));
            p = next + 1;
        }
    }
    return count;
}

struct vt_modes vt_modes(const struct vt *vt)
{
    return vt->modes;
}

bool vt_termios_restored(const struct vt *vt)
{
    struct termios now;

    if (tcgetattr(vt->slave, &now) != 0)
        return false;
    return now.c_iflag == vt->before.c_iflag && now.c_oflag == vt->before.c_oflag &&
           now.c_cflag == vt->before.c_cflag && now.c_lflag == vt->before.c_lflag &&
           !memcmp(now.c_cc, vt->before.c_cc, sizeof now.c_cc);
}

bool vt_is_restored(const struct vt *vt)
{
    const struct {
        bool is_wrong;
        const char *what;
    } faults[] = {
        {!vt_termios_restored(vt), "the settings (termios) are not restored"},
        {vt->modes.alternate_screen, "the alternate screen is still shown"},
        {!vt->modes.cursor_visible, "the cursor is hidden"},
        {vt->modes.mouse, "the mouse is still reported"},
        {vt->modes.sync, "synchronised output is still on"},
        {vt->filter != VT_PLAIN, "a control sequence is unfinished"},
    };
    bool is_restored = true;

    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        if (faults[i].is_wrong)
            printf("vt: %s\n", faults[i].what);
        is_restored = is_restored && !faults[i].is_wrong;
    }
    return is_restored;
}

/* ---- golden screens ---- */

static char *read_whole(const char *path)
{
    struct vt_bytes all = {0};
    char data[4096];
    size_t n;
    FILE *f = fopen(path, "rb");

    if (!f)
        return NULL;
    vt_bytes_add(&all, "", 0);
    while ((n = fread(data, 1, sizeof data, f)) > 0)
        vt_bytes_add(&all, data, n);
    fclose(f);
    return all.data;
}

static bool write_whole(const char *text, const char *path)
{
    FILE *f = fopen(path, "wb");

    if (!f || fputs(text, f) < 0 || fclose(f) != 0) {
        printf("vt: cannot write '%s'\n", path);
        return false;
    }
    printf("vt: wrote '%s'\n", path);
    return true;
}

static void show_difference(const char *want, const char *have)
{
    for (int line = 1; *want || *have; line++) {
        int n_want = (int)strcspn(want, "\n"), n_have = (int)strcspn(have, "\n");

        if (n_want != n_have || memcmp(want, have, (size_t)n_want) != 0)
            printf("%4d - %.*s\n     + %.*s\n", line, n_want, want, n_have, have);
        want += n_want + (want[n_want] == '\n');
        have += n_have + (have[n_have] == '\n');
    }
}

bool vt_golden_text(const char *text, const char *path)
{
    const char *mode = getenv("MISREAD_GOLDEN");
    char *want;
    bool is_same;

    if (mode && !strcmp(mode, "write"))
        return write_whole(text, path);
    want = read_whole(path);
    if (!want) {
        printf("vt: no golden file '%s'; MISREAD_GOLDEN=write makes it. The text:\n%s", path, text);
        return false;
    }
    is_same = !strcmp(want, text);
    if (!is_same) {
        printf("vt: differs from '%s' (- stored, + now):\n", path);
        show_difference(want, text);
    }
    free(want);
    return is_same;
}

bool vt_golden(struct vt *vt, const char *path)
{
    char *dump = vt_screen_dump(vt);
    bool is_same = vt_golden_text(dump, path);

    free(dump);
    return is_same;
}
