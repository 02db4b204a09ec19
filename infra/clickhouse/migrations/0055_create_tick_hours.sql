-- What became of the ticks of each hour. The bitmaps hold the starts of ticks as seconds within the hour, so a poll that
-- comes twice counts once: groupBitmapMerge(good) is the number of ticks with a good answer, complete or partial;
-- bitmapToArray(groupBitmapMergeState(good)) says which. partial: of the good ones those with a partial answer. failed: with
-- a poll that failed, was refused or was unreadable. asked: with any poll. failures: those polls, so that the newest one at any
-- instant can be told. late: polls whose answer or failure came when the interval of their tick was over; they are not in the
-- bitmaps. A tick is judged when its interval is over, so what was known of it at an instant depends on when they came.
CREATE TABLE IF NOT EXISTS tidemark.tick_hours
(
    dataset LowCardinality(String),
    selector LowCardinality(Nullable(String)),
    hour DateTime('UTC') CODEC(Delta, ZSTD(1)),
    asked AggregateFunction(groupBitmap, UInt16) CODEC(ZSTD(1)),
    good AggregateFunction(groupBitmap, UInt16) CODEC(ZSTD(1)),
    partial AggregateFunction(groupBitmap, UInt16) CODEC(ZSTD(1)),
    failed AggregateFunction(groupBitmap, UInt16) CODEC(ZSTD(1)),
    failures AggregateFunction(
        groupUniqArray,
        Tuple(second UInt16, at DateTime64(3, 'UTC'), outcome String, status Nullable(UInt16), error Nullable(String))
    ) CODEC(ZSTD(1)),
    late AggregateFunction(
        groupUniqArray,
        Tuple(second UInt16, at DateTime64(3, 'UTC'), is_good Bool, is_partial Bool, is_bad Bool)
    ) CODEC(ZSTD(1))
)
ENGINE = AggregatingMergeTree
ORDER BY (dataset, selector, hour)
SETTINGS allow_nullable_key = 1
