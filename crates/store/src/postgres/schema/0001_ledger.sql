-- Everything of an enterprise carries its id in every key, so that a hot statement touches one enterprise only and, where
-- Citus spreads enterprises over machines, one machine only. Text is compared by bytes, as the program does.
-- A place is one number (51 bits) that sorts as places do: second << 19 | ordinal.

-- The head of each enterprise's line. Whoever appends holds its row from before the first position is given until commit.
CREATE TABLE heads (
    enterprise   text COLLATE "C" PRIMARY KEY,
    last         bigint NOT NULL DEFAULT 0,  -- the last place given in arrival order
    last_history bigint NOT NULL DEFAULT 0,  -- the largest place given in history order
    frontier     bigint NOT NULL DEFAULT 0,  -- the second below which history is shown
    tree         bigint NOT NULL DEFAULT 0   -- the version of the enterprise's tree of items
) WITH (fillfactor = 50);

-- What enterprise feeds have. Partitioned by the month of recording.
CREATE TABLE enterprise_entries (
    enterprise text COLLATE "C" NOT NULL,
    place      bigint NOT NULL,
    history    bigint NOT NULL,  -- its place in history order
    rank       bigint NOT NULL,  -- its place by true created_at
    created_at bigint NOT NULL,
    event_type text COLLATE "C" NOT NULL,
    event_id   text COLLATE "C" NOT NULL,
    bytes      bytea NOT NULL,
    PRIMARY KEY (enterprise, place) INCLUDE (event_type, created_at)
) PARTITION BY RANGE (place);
CREATE INDEX enterprise_entries_history ON enterprise_entries (enterprise, history) INCLUDE (place, event_type, created_at);
CREATE INDEX enterprise_entries_rank ON enterprise_entries (enterprise, rank) INCLUDE (place, event_type, created_at);
CREATE INDEX enterprise_entries_id ON enterprise_entries (enterprise, event_id);

-- What user feeds have, once each, whoever hears it.
CREATE TABLE user_entries (
    enterprise text COLLATE "C" NOT NULL,
    place      bigint NOT NULL,
    relayed    boolean NOT NULL,  -- heard here, but published in another enterprise, whose id it bears
    created_at bigint NOT NULL,
    event_type text COLLATE "C" NOT NULL,
    event_id   text COLLATE "C" NOT NULL,
    feeds      text COLLATE "C" NOT NULL,  -- the feeds it was posted to, separated by blanks
    bytes      bytea NOT NULL,
    PRIMARY KEY (enterprise, place)
) PARTITION BY RANGE (place);
CREATE INDEX user_entries_id ON user_entries (enterprise, event_id) WHERE NOT relayed;

-- Which entries each feed has: that of a user ('u' and the id) or of a list ('l' and its name).
CREATE TABLE postings (
    enterprise text COLLATE "C" NOT NULL,
    feed       text COLLATE "C" NOT NULL,
    place      bigint NOT NULL,
    streams    smallint NOT NULL,
    PRIMARY KEY (enterprise, feed, place) INCLUDE (streams)
) PARTITION BY RANGE (place);

-- Hearings of readers at home in another enterprise, until they are relayed there.
CREATE TABLE outbox (
    enterprise text COLLATE "C" NOT NULL,  -- where it was published
    home       text COLLATE "C" NOT NULL,
    place      bigint NOT NULL,
    number     integer NOT NULL,           -- which hearing of the event
    user_id    text COLLATE "C" NOT NULL,
    streams    smallint NOT NULL,
    heard_at   bigint NOT NULL,            -- the clock when it was published
    PRIMARY KEY (enterprise, home, place, number)
);

-- Up to which place a home has taken over what another enterprise relayed to it.
CREATE TABLE relayed (
    enterprise text COLLATE "C" NOT NULL,  -- the home
    source     text COLLATE "C" NOT NULL,
    place      bigint NOT NULL,
    PRIMARY KEY (enterprise, source)
);

-- What events changed in each enterprise's tree of files and folders.
CREATE TABLE tree_changes (
    enterprise text COLLATE "C" NOT NULL,
    version    bigint NOT NULL,
    place      bigint NOT NULL,
    effects    text NOT NULL,
    PRIMARY KEY (enterprise, version)
);

-- What events changed among people, who are known across enterprises: one order for all, under the lock of one row.
CREATE TABLE people_head (
    single  boolean PRIMARY KEY DEFAULT true CHECK (single),
    version bigint NOT NULL
);
INSERT INTO people_head (version) VALUES (0);
CREATE TABLE people_changes (
    version    bigint PRIMARY KEY,
    enterprise text COLLATE "C" NOT NULL,
    place      bigint NOT NULL,
    effects    text NOT NULL
);

-- The newest snapshot of the directory, and up to which changes it goes.
CREATE TABLE snapshots (
    single    boolean PRIMARY KEY DEFAULT true CHECK (single),
    people    bigint NOT NULL,
    trees     text NOT NULL,   -- versions by enterprise
    directory bytea NOT NULL   -- compressed
);
