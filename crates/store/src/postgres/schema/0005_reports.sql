-- Reports asked for, and their schedules.
CREATE TABLE reports (
    id         text COLLATE "C" PRIMARY KEY,
    enterprise text COLLATE "C" NOT NULL,
    record     text NOT NULL
);
CREATE INDEX reports_enterprise ON reports (enterprise, id);

-- The files of reports, in pieces. They go with their report. What they hold is compressed already or not worth it, and is
-- read from beginning to end.
CREATE TABLE report_pieces (
    report text COLLATE "C" NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
    file   text COLLATE "C" NOT NULL,
    number integer NOT NULL,
    bytes  bytea NOT NULL,
    PRIMARY KEY (report, file, number)
);
ALTER TABLE report_pieces ALTER COLUMN bytes SET STORAGE EXTERNAL;
