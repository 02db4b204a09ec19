-- For the answers that were stored before the index was there.
ALTER TABLE tidemark.stored_answers MATERIALIZE INDEX IF EXISTS stored_at_minmax
