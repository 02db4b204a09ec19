-- Which answers replace the answer of this row: those of the same request identity. 0: the row is older than the column.
ALTER TABLE tidemark.point_revisions ADD COLUMN IF NOT EXISTS identity UInt64 DEFAULT 0 CODEC(ZSTD(1))
