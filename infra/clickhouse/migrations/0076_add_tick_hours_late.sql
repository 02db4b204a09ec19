-- Polls whose answer or failure came when the interval of their tick was over. A tick is judged then, so what was known of
-- it at an instant depends on when they came. Polls of before are in the bitmaps, whenever their answer came.
ALTER TABLE tidemark.tick_hours ADD COLUMN IF NOT EXISTS late AggregateFunction(
    groupUniqArray,
    Tuple(second UInt16, at DateTime64(3, 'UTC'), is_good Bool, is_partial Bool, is_bad Bool)
) CODEC(ZSTD(1))
