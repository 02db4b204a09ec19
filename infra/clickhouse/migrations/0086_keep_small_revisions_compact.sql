-- See the migration before.
ALTER TABLE tidemark.point_revisions MODIFY SETTING min_bytes_for_wide_part = 67108864
