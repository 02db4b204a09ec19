-- What all keys of an answer have alike comes again one key later: after 70 kB in a year of hours. A block of 64 kB, which is
-- the default, sees no other key, and one of 256 kB sees three. Larger ones would slow down queries. Takes effect as parts
-- are merged.
ALTER TABLE tidemark.points
    MODIFY COLUMN version UInt64 CODEC(Delta, ZSTD(1)) SETTINGS (min_compress_block_size = 262144),
    MODIFY COLUMN identity UInt64 CODEC(ZSTD(1)) SETTINGS (min_compress_block_size = 262144)
