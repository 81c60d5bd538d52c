-- History brought in from elsewhere. It stands in the order of the true created_at only, so its rank is its one place, by
-- which it also ages.
CREATE TABLE imported_entries (
    enterprise text COLLATE "C" NOT NULL,
    rank       bigint NOT NULL,
    event_type text COLLATE "C" NOT NULL,
    event_id   text COLLATE "C" NOT NULL,
    terms      text[] COLLATE "C" NOT NULL,
    bytes      bytea NOT NULL,
    PRIMARY KEY (enterprise, rank) INCLUDE (event_type)
);
CREATE INDEX imported_entries_id ON imported_entries (enterprise, event_id);
