-- Schema `raw`: what the reports print, as printed, errors included. Names and meaning are the project's contract.
-- Load replaces a document's rows whole and in one transaction; raw.missing_report is the nightly run's. Nothing else writes here.
-- The schema enforces that a document stands once. That a row of it stands once (its key) is proved by the load gate's checks
-- *_key_unique before it is written: an index that proves it again costs more than the writing, and its memory grows with the country.

create schema if not exists raw;

-- One row per report.
create table if not exists raw.document (
    document_id varchar not null primary key,      -- the report's file name without its ending
    municipality_code varchar not null,            -- four digits, e.g. 0188
    municipality varchar not null,
    board varchar not null,                        -- the reporting board, e.g. Socialnämnden
    kind varchar not null,                         -- annual_report | interim_report | plan
    title varchar not null,
    fiscal_year integer not null,
    period_start date not null,
    period_end date not null,
    as_of date not null,                           -- the newest date the report's figures speak of
    text_origin varchar not null,                  -- native | ocr
    line_count integer not null,                   -- lines of the report's text
    source_sha256 varchar not null,                -- of the report's bytes
    layout varchar not null                        -- the layout (ingest/layouts/<layout>.yml) that read it
);

-- One row per table of a report, text tables too, numbered in the order of the document.
create table if not exists raw.report_table (
    document_id varchar not null,
    table_no integer not null,
    table_key varchar not null,                    -- the table's name in the layout; the same table of next year's report has the same key
    table_title varchar not null,
    subject varchar not null,                      -- placement_volume, placement_unit_price, running_costs, investment, indicator, ...
    unit varchar not null,                         -- unit the table itself states (a cell's own unit rules)
    cost_sign integer,                             -- -1: costs are printed negative; 1: costs are printed positive; null: no money
    first_line integer not null,                   -- 1-based, the line on which the table's head begins
    last_line integer not null,
    cell_count integer not null                    -- cells that were read: the control total, which the load and the build hold the cells against
    -- key: document_id, table_no
);

-- One row per column of a table; column 1 is the first column after the row label.
create table if not exists raw.report_column (
    document_id varchar not null,
    table_no integer not null,
    column_no integer not null,
    column_key varchar not null,                   -- the column's name in the layout
    column_label varchar not null,
    measure varchar,                               -- amount | volume | unit_price | value | deviation | deviation_percent | change | change_percent | mean | text
    scenario varchar,                              -- outcome | budget | forecast | plan | target | baseline
    period_start date,
    period_end date
    -- key: document_id, table_no, column_no
);

-- One row per printed cell; an empty cell has no row. Ids are packed: see macros/packed_ids.sql.
create table if not exists raw.table_cell (
    cell_id varchar not null using compression zstd,  -- <document_id>/<table_no>/<row_no>/<column_no>
    document_id varchar not null,
    table_no integer not null,
    table_title varchar not null,
    row_no integer not null,
    row_label varchar not null,
    column_no integer not null,
    column_label varchar not null,
    value_text varchar not null,                   -- as printed, inner spaces single
    value decimal(18, 4),                          -- null where the cell is no number
    unit varchar not null,                         -- tkr | mnkr | kr | kr_per_dygn | dygn_dagar | percent | antal | timmar | index | date | text | other
    line_no integer not null,                      -- 1-based line of the report's text on which the value begins
    page_no integer,                               -- null where the text carries no pages
    method varchar not null,                       -- printed | arithmetic (the row's identity decided) | ruling (a person decided, see the layout)
    measure varchar,                               -- measure, scenario and period of this very cell: its column's, or its row's where the column leaves them open
    scenario varchar,
    period_start date,
    period_end date
    -- key: document_id, table_no, row_no, column_no
);

-- One row per arithmetic rule of a table, from the layout: an identity between cells of one row, or between rows of one column.
create table if not exists raw.table_rule (
    document_id varchar not null,
    table_no integer not null,
    rule_no integer not null,
    name varchar not null,                         -- the rule's name in the layout, the same in every year's report; a rule that names several rows or columns is a row for each
    kind varchar not null,                         -- deviation | percentage | total | part | net | change | mean | repeated | periodised | index | extrapolated | limit
    operation varchar not null,                    -- sum: sum of weight x term; percent: 100 x sum of terms / divisor; mean: mean of the terms; at_most: not above the sum; between: not outside the terms
    row_no integer,                                -- the result's row; null: the rule holds in every row
    column_no integer,                             -- the result's column; null: the rule holds in every numeric column
    blank_is_zero boolean not null,                -- an empty term counts as 0 (the table leaves zeroes out)
    terms_are_exact boolean not null,              -- the terms are no rounded figures: only the result's own rounding counts
    grade varchar not null,                        -- error | warning | note: what a failure means
    reason varchar not null
    -- key: document_id, table_no, rule_no
);

-- One row per term of a rule. A null position means "the result's own".
create table if not exists raw.table_rule_term (
    document_id varchar not null,
    table_no integer not null,
    rule_no integer not null,
    term_no integer not null,
    role varchar not null,                         -- term | divisor
    term_table_no integer not null,                -- the rule's own table, or another table of the same report with the same columns
    row_no integer,
    column_no integer,
    column_shift integer not null,                 -- with column_no null: the result's column plus this
    weight decimal(8, 6) not null                  -- 1, -1, or a constant to six decimals
    -- key: document_id, table_no, rule_no, term_no
);

-- One row per thing that was decided, repaired or left out on the way from the page to the cells.
create table if not exists raw.extraction_note (
    document_id varchar not null,
    note_no integer not null,
    table_no integer not null,
    row_no integer,                                -- null where the note is about a line that is in no row
    line_no integer not null,                      -- 1-based line of the report's text
    kind varchar not null,                         -- decided (several readings, one chosen) | repaired (OCR put right) | left_out (a line, mark or prose in no cell) | unread (numbers in no cell that nothing accounts for)
    subject varchar,                               -- the label or figures in question, as printed; never a sentence
    number_count integer not null,                 -- numbers on the line that ended in no cell
    reason varchar not null
    -- key: document_id, note_no
);

-- One row per figure of the running text that restates or sums up cells, as often as it is said. The sentence is not kept.
create table if not exists raw.statement (
    statement_id varchar not null using compression zstd,  -- <document_id>/statement/<name>
    document_id varchar not null,
    statement_no integer not null,                 -- in the order of the text
    name varchar not null,                         -- the statement's name in the layout; said again it is name-2, name-3
    value_text varchar not null,                   -- the figure as printed, a number or a number word
    value decimal(18, 4) not null,
    unit varchar not null,                         -- a cell's units, or helarsplats (365 days)
    precision decimal(18, 4) not null,             -- how fine the figure is: its last digit's worth, coarser where it is rounded, 0 for counts
    operation varchar not null,                    -- sum: sum of weight x term; percent: 100 x sum of terms / sum of divisors; count: number of terms
    line_no integer not null,                      -- 1-based line of the report's text on which the figure begins
    page_no integer,                               -- null where the text carries no pages
    reason varchar not null
    -- key: document_id, statement_no
);

-- One row per cell that a statement speaks of. The factors of a term are multiplied; most terms have one.
create table if not exists raw.statement_term (
    document_id varchar not null,
    statement_no integer not null,
    term_no integer not null,
    factor_no integer not null,
    role varchar not null,                         -- term | divisor
    table_no integer not null,
    row_no integer not null,
    column_no integer not null,
    weight integer not null                        -- 1 or -1, of the whole term
    -- key: document_id, statement_no, term_no, factor_no
);

-- One row per check of the load gate and run.
create table if not exists raw.load_check (
    loaded_at timestamp not null,
    document_id varchar,                           -- null: a check of what belongs to no document (key figures)
    check_name varchar not null,
    passed boolean not null,
    rows_checked integer not null,
    rows_failed integer not null,
    detail varchar                                 -- the failing rows, named
);

-- One row per official key figure, municipality, year and sex, as Kolada delivers it (newest snapshot of `kommunlager fetch kolada`);
-- empty without a snapshot.
create table if not exists raw.kolada_value (
    kpi_id varchar not null,                       -- Kolada's id, e.g. N01951
    kpi_title varchar not null,                    -- Kolada's title of it
    municipality_code varchar not null,            -- four digits, e.g. 0188
    year integer not null,
    gender varchar not null,                       -- T (all) | K (women) | M (men)
    value decimal(18, 4),                          -- in the unit of the title, rounded to four decimals; null: Kolada has none
    fetched_on date not null,                      -- the snapshot's date
    primary key (kpi_id, municipality_code, year, gender)
);

-- One row per report of the drop folder that a nightly run could not take in, and why (publish/README.md); empty where all were.
create table if not exists raw.missing_report (
    file_name varchar not null primary key,        -- within the drop folder
    document_id varchar not null,                  -- the document it is, or by its name would be
    municipality_code varchar,                     -- of the layout that knows its name; null where none does
    source_sha256 varchar,                         -- of the file's bytes; null where it could not be read
    step varchar not null,                         -- extract | gate | build: where it failed
    reason varchar not null,                       -- the message, at most 2,000 characters
    since timestamp not null,                      -- when it failed first, UTC
    is_earlier_version_held boolean not null       -- the warehouse holds an earlier version of the document
);
