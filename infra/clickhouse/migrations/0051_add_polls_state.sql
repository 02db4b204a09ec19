-- selector: what was asked for besides the window, as selectorOf() in core/request-identity.ts reads it. The store computes
-- it, also for rows that were stored before. The other columns are null in such rows: nobody stated them then.
-- changes_state is null also where the poller was of an earlier release.
ALTER TABLE tidemark.polls
    ADD COLUMN IF NOT EXISTS selector LowCardinality(Nullable(String)) DEFAULT if(
        startsWith(request_identity, concat(dataset, '/')),
        nullIf(replaceRegexpOne(
            substring(request_identity, length(dataset) + 2),
            '(?:^|/)\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ/\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$',
            ''
        ), ''),
        NULL
    ) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS changes_state Nullable(Bool),
    ADD COLUMN IF NOT EXISTS empty_confirmed Nullable(Bool),
    ADD COLUMN IF NOT EXISTS last_changed_at Nullable(DateTime64(3, 'UTC')) CODEC(ZSTD(1))
