-- Access tokens, the server's own secrets, and the small records of access. Tokens are kept as hashes only.
CREATE TABLE tokens (
    number     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id         text COLLATE "C" NOT NULL,
    hash       bytea NOT NULL,
    enterprise text COLLATE "C" NOT NULL,
    expires_at bigint,
    record     text NOT NULL
);
CREATE INDEX tokens_hash ON tokens (hash);
CREATE INDEX tokens_id ON tokens (id);
CREATE INDEX tokens_enterprise ON tokens (enterprise, number);
CREATE INDEX tokens_expiry ON tokens (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE secrets (
    name   text COLLATE "C" PRIMARY KEY,
    secret bytea NOT NULL
);

CREATE TABLE access (
    key        text COLLATE "C" PRIMARY KEY,
    kind       text COLLATE "C" NOT NULL,
    enterprise text COLLATE "C" NOT NULL,
    expires_at bigint,
    record     text NOT NULL
);
CREATE INDEX access_enterprise ON access (kind, enterprise, key);
CREATE INDEX access_expiry ON access (expires_at) WHERE expires_at IS NOT NULL;

-- Legal holds, also those that ended.
CREATE TABLE holds (
    id         text COLLATE "C" PRIMARY KEY,
    enterprise text COLLATE "C" NOT NULL,
    record     text NOT NULL
);
CREATE INDEX holds_enterprise ON holds (enterprise);
