-- Larger blocks, as 0097 for points, for columns that as_of and latest do not read. raw_offset: the steps between the answers
-- of a window are small numbers, in which ZSTD(1) finds no long matches. ZSTD(3) needs less CPU for them, and fewer bytes.
ALTER TABLE tidemark.point_revisions
    MODIFY COLUMN upstream_modified_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) SETTINGS (min_compress_block_size = 1048576),
    MODIFY COLUMN raw_partition UInt32 CODEC(ZSTD(1)) SETTINGS (min_compress_block_size = 1048576),
    MODIFY COLUMN raw_offset UInt64 CODEC(Delta, ZSTD(3)) SETTINGS (min_compress_block_size = 1048576)
