-- What an event of the enterprise feed can be found by: words of a letter for the kind and a value.
ALTER TABLE enterprise_entries ADD COLUMN terms text[] COLLATE "C" NOT NULL DEFAULT '{}';
