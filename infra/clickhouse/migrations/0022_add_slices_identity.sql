-- The request identity of the answer as a number of 53 bits; 0 in slices that were written before there was one.
ALTER TABLE tidemark.slices ADD COLUMN IF NOT EXISTS identity UInt64 DEFAULT 0
