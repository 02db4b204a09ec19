-- The view lists keys: it is called withdrawn_keys now.
DROP VIEW IF EXISTS tidemark.withdrawn
