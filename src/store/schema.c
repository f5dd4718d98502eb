/* SPDX-License-Identifier: MIT */
/*
 * The tables of project.db. A released step is never edited: a change of the tables is one more
 * step at the end. Numbers kept for enums (side, state) are part of the format; kinds are kept as
 * words.
 */
#include "schema.h"

#include "sql.h"

static const char version_1[] =
    "CREATE TABLE meta ("
    "  key   TEXT NOT NULL PRIMARY KEY,"
    "  value TEXT NOT NULL"
    ") STRICT, WITHOUT ROWID;"

    /* id is the class's index */
    "CREATE TABLE class ("
    "  id   INTEGER PRIMARY KEY CHECK (id >= 0),"
    "  name TEXT NOT NULL UNIQUE"
    ") STRICT;"

    /* side: 0 train, 1 valid, 2 test, 3 none; state: 0 ok, 1 unreadable, 2 missing, 3 moved class.
     * (hash, path) is the identity but not UNIQUE: two copies may swap paths row by row. */
    "CREATE TABLE image ("
    "  id          INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  hash        TEXT NOT NULL,"
    "  path        TEXT NOT NULL,"
    "  group_name  TEXT NOT NULL,"
    "  reason      TEXT NOT NULL,"
    "  class       INTEGER REFERENCES class (id),"
    "  side        INTEGER NOT NULL CHECK (side BETWEEN 0 AND 3),"
    "  state       INTEGER NOT NULL CHECK (state BETWEEN 0 AND 3),"
    "  width_px    INTEGER NOT NULL,"
    "  height_px   INTEGER NOT NULL,"
    "  n_bytes     INTEGER NOT NULL,"
    "  mtime_ns    INTEGER NOT NULL"
    ") STRICT;"
    "CREATE INDEX image_by_content ON image (hash, path);"

    "CREATE TABLE run ("
    "  id            INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  created_at    INTEGER NOT NULL,"
    "  ended_at      INTEGER NOT NULL,"
    "  state         TEXT NOT NULL,"
    "  arch          TEXT NOT NULL,"
    "  size_px       INTEGER NOT NULL,"
    "  batch         INTEGER NOT NULL,"
    "  n_epochs      INTEGER NOT NULL,"
    "  n_classes     INTEGER NOT NULL,"
    "  seed          INTEGER NOT NULL,"
    "  lr            REAL,"
    "  options       TEXT NOT NULL,"
    "  message       TEXT NOT NULL,"
    "  phase         TEXT NOT NULL,"
    "  n_done        INTEGER NOT NULL,"
    "  n_total       INTEGER NOT NULL,"
    "  epoch         INTEGER NOT NULL,"
    "  eta_ms        INTEGER NOT NULL,"
    "  checkpoint_at INTEGER NOT NULL,"
    "  n_train       INTEGER NOT NULL,"
    "  n_valid       INTEGER NOT NULL"
    ") STRICT;"

    /* REAL columns may be NULL: a loss that is not a number */
    "CREATE TABLE step ("
    "  run          INTEGER NOT NULL REFERENCES run (id),"
    "  step         INTEGER NOT NULL,"
    "  epoch        INTEGER NOT NULL,"
    "  loss         REAL,"
    "  lr           REAL,"
    "  momentum     REAL,"
    "  images_per_s REAL,"
    "  PRIMARY KEY (run, step)"
    ") STRICT, WITHOUT ROWID;"

    "CREATE TABLE epoch ("
    "  run        INTEGER NOT NULL REFERENCES run (id),"
    "  epoch      INTEGER NOT NULL CHECK (epoch >= 1),"
    "  train_loss REAL,"
    "  valid_loss REAL,"
    "  n_correct  INTEGER NOT NULL,"
    "  n_valid    INTEGER NOT NULL,"
    "  seconds    REAL,"
    "  PRIMARY KEY (run, epoch)"
    ") STRICT, WITHOUT ROWID;"

    /* One row for a whole side: 100,000 images by 100 classes are 40 MB in one piece, read in one
     * go. Blobs are little-endian: ids int64, labels int32, logits float (image by image), losses
     * float. */
    "CREATE TABLE prediction ("
    "  id        INTEGER PRIMARY KEY,"
    "  run       INTEGER NOT NULL REFERENCES run (id),"
    "  epoch     INTEGER NOT NULL,"
    "  side      INTEGER NOT NULL CHECK (side BETWEEN 0 AND 3),"
    "  n         INTEGER NOT NULL CHECK (n >= 0),"
    "  n_classes INTEGER NOT NULL CHECK (n_classes >= 1),"
    "  ids       BLOB NOT NULL,"
    "  labels    BLOB NOT NULL,"
    "  losses    BLOB NOT NULL,"
    "  logits    BLOB NOT NULL,"
    "  UNIQUE (run, side, epoch)"
    ") STRICT;"

    "CREATE TABLE command ("
    "  id       INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  run      INTEGER NOT NULL REFERENCES run (id),"
    "  kind     TEXT NOT NULL,"
    "  value    REAL,"
    "  sent_at  INTEGER NOT NULL,"
    "  taken_at INTEGER"
    ") STRICT;"
    "CREATE INDEX command_waiting ON command (run, id) WHERE taken_at IS NULL;"

    "CREATE TABLE review ("
    "  id         INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  at         INTEGER NOT NULL,"
    "  image      INTEGER NOT NULL REFERENCES image (id),"
    "  kind       TEXT NOT NULL,"
    "  from_class INTEGER NOT NULL,"
    "  to_class   INTEGER NOT NULL,"
    "  target     INTEGER REFERENCES review (id) CHECK (target < id),"
    "  run        INTEGER NOT NULL,"
    "  epoch      INTEGER NOT NULL,"
    "  reader     TEXT NOT NULL,"
    "  note       TEXT NOT NULL"
    ") STRICT;"
    "CREATE TRIGGER review_never_changes BEFORE UPDATE ON review BEGIN"
    "  SELECT raise(ABORT, 'a decision is never changed');"
    "END;"
    "CREATE TRIGGER review_never_shrinks BEFORE DELETE ON review BEGIN"
    "  SELECT raise(ABORT, 'a decision is never removed');"
    "END;"

    "PRAGMA application_id = 1297237058;" /* MR_SCHEMA_APPLICATION_ID */
    "PRAGMA user_version = 1;";

/* Every time that the test images were scored. */
static const char version_2[] =
    "CREATE TABLE look ("
    "  id        INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  at        INTEGER NOT NULL,"
    "  run       INTEGER NOT NULL REFERENCES run (id),"
    "  n         INTEGER NOT NULL CHECK (n >= 0),"
    "  n_correct INTEGER NOT NULL CHECK (n_correct BETWEEN 0 AND n)"
    ") STRICT;"
    "CREATE TRIGGER look_never_changes BEFORE UPDATE ON look BEGIN"
    "  SELECT raise(ABORT, 'a look at the test images is never changed');"
    "END;"
    "CREATE TRIGGER look_never_shrinks BEFORE DELETE ON look BEGIN"
    "  SELECT raise(ABORT, 'a look at the test images is never removed');"
    "END;"
    "PRAGMA user_version = 2;";

/* Boxes, what heads said of images that they had not learned from, and what is measured of pixels.
 */
static const char version_3[] =
    /* Of a box: shares of the picture's width and height, NULL otherwise. */
    "ALTER TABLE review ADD COLUMN x REAL CHECK (x BETWEEN 0 AND 1);"
    "ALTER TABLE review ADD COLUMN y REAL CHECK (y BETWEEN 0 AND 1);"
    "ALTER TABLE review ADD COLUMN w REAL CHECK (w BETWEEN 0 AND 1);"
    "ALTER TABLE review ADD COLUMN h REAL CHECK (h BETWEEN 0 AND 1);"

    /* Of the labels that a run trains with: how many readers had changed, how many images they had
     * left out. */
    "ALTER TABLE run ADD COLUMN n_relabelled INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE run ADD COLUMN n_excluded INTEGER NOT NULL DEFAULT 0;"

    /* One row for a whole cross-validation, blobs as in prediction, options as in run. in_sample:
     * what made the features was trained on these labels, so that they had been seen after all. */
    "CREATE TABLE folding ("
    "  id        INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  at        INTEGER NOT NULL,"
    "  run       INTEGER NOT NULL," /* 0: of no run */
    "  n_folds   INTEGER NOT NULL CHECK (n_folds >= 2),"
    "  in_sample INTEGER NOT NULL CHECK (in_sample IN (0, 1)),"
    "  n         INTEGER NOT NULL CHECK (n >= 0),"
    "  n_classes INTEGER NOT NULL CHECK (n_classes >= 1),"
    "  ids       BLOB NOT NULL,"
    "  labels    BLOB NOT NULL,"
    "  losses    BLOB NOT NULL,"
    "  logits    BLOB NOT NULL,"
    "  options   TEXT NOT NULL"
    ") STRICT;"

    /* One row for a whole learning curve: sizes int32 (n_sizes), answers one byte each (n_sizes,
     * n_seeds, n_valid), 1 where right. in_sample as above. */
    "CREATE TABLE learning ("
    "  id        INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  at        INTEGER NOT NULL,"
    "  run       INTEGER NOT NULL REFERENCES run (id),"
    "  in_sample INTEGER NOT NULL CHECK (in_sample IN (0, 1)),"
    "  n_sizes   INTEGER NOT NULL CHECK (n_sizes >= 1),"
    "  n_seeds   INTEGER NOT NULL CHECK (n_seeds >= 1),"
    "  n_valid   INTEGER NOT NULL CHECK (n_valid >= 1),"
    "  sizes     BLOB NOT NULL,"
    "  answers   BLOB NOT NULL"
    ") STRICT;"

    /* Of a picture's pixels, so never out of date: an image is its content. Brightness in 0..1;
     * pixels is a hash of the decoded ones, look a perceptual hash, thumb 16 x 16 grey levels; the
     * overlay (a position box) in shares of the picture, NULL if there is none. */
    "CREATE TABLE quality ("
    "  image     INTEGER PRIMARY KEY REFERENCES image (id),"
    "  pixels    TEXT NOT NULL,"
    "  look      INTEGER NOT NULL,"
    "  thumb     BLOB NOT NULL CHECK (length(thumb) = 256),"
    "  dark      REAL NOT NULL,"
    "  light     REAL NOT NULL,"
    "  entropy   REAL NOT NULL,"
    "  sharpness REAL NOT NULL,"
    "  detail    REAL NOT NULL,"
    "  is_grey   INTEGER NOT NULL CHECK (is_grey IN (0, 1)),"
    "  overlay_x REAL, overlay_y REAL, overlay_w REAL, overlay_h REAL"
    ") STRICT;"
    "PRAGMA user_version = 3;";

static const char *const steps[] = {version_1, version_2, version_3};
const struct mr_schema mr_schema_current = {steps, sizeof steps / sizeof *steps};

static enum mr_status read_number(struct mr_store *store, const char *text, int64_t *number,
                                  struct mr_error *err)
{
    struct mr_sql sql = mr_sql_begin(store, "read the version", text);
    int64_t value = mr_sql_row(&sql) ? mr_sql_get_int(&sql, 0) : 0;
    enum mr_status st = mr_sql_end(&sql, err);

    if (!st)
        *number = value;
    return st;
}

/* An empty database is a project about to be; any other must carry our mark. */
static enum mr_status check_is_project(struct mr_store *store, struct mr_error *err)
{
    int64_t mark = 0, n_tables = 0;
    enum mr_status st = read_number(store, "PRAGMA application_id", &mark, err);

    if (!st)
        st = read_number(store, "SELECT count(*) FROM sqlite_schema", &n_tables, err);
    if (!st && n_tables && mark != MR_SCHEMA_APPLICATION_ID)
        st = mr_fail(err, MR_E_FORMAT,
                     "cannot open the project '%s': its project.db was made by another program",
                     store->dir);
    return st;
}

static enum mr_status apply(struct mr_store *store, const struct mr_schema *schema,
                            struct mr_error *err)
{
    static const char what[] = "bring the tables up to date";
    int64_t version = 0;
    enum mr_status st = read_number(store, "PRAGMA user_version", &version, err);

    while (!st && version < schema->n_steps) {
        int64_t next = version + 1;

        st = mr_sql_run(store, what, schema->steps[version], err);
        if (!st)
            st = read_number(store, "PRAGMA user_version", &version, err);
        if (!st && version != next)
            st = mr_fail(err, MR_E_STORE, "cannot %s in the project '%s': step %lld is broken",
                         what, store->dir, (long long)next);
    }
    return st;
}

enum mr_status mr_schema_migrate(struct mr_store *store, const struct mr_schema *schema,
                                 struct mr_error *err)
{
    static const char what[] = "bring the tables up to date";
    int64_t version = 0;
    enum mr_status st = check_is_project(store, err);

    if (!st)
        st = read_number(store, "PRAGMA user_version", &version, err);
    if (st)
        return st;
    if (version < 0 || version > schema->n_steps)
        return mr_fail(
            err, MR_E_UNSUPPORTED,
            "cannot open the project '%s': a newer misread made it (tables version %lld, "
            "this one knows %d); use that one, or another folder with --project DIR",
            store->dir, (long long)version, schema->n_steps);
    if (version == schema->n_steps)
        return MR_OK;
    st = mr_sql_tx_begin(store, what, err);
    if (st)
        return st;
    return mr_sql_tx_end(store, apply(store, schema, err), what, err);
}
