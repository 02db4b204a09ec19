-- completeness(), of windows that end after `from`: completeness_since(at = '2026-11-20 10:30:00', from = '2026-10-20 00:00:00').
-- With a recent `from` it reads a part of the store.
CREATE OR REPLACE VIEW tidemark.completeness_since AS
SELECT
    dataset, selector, window_start, window_end, class, since, cause, detail, lateness_s, expected_by, late_after, points,
    expected_points, keys, usual_keys, last_revised_at, raw_partition, raw_offset, is_watched, why, request_identity
FROM tidemark.window_completeness(at = {at:DateTime64(3, 'UTC')}, from = {from:DateTime64(3, 'UTC')})
UNION ALL
SELECT
    dataset, selector, window_start, window_end, class, since, cause, detail, NULL, NULL, NULL, good, judged, NULL, NULL, NULL, NULL,
    NULL, true, NULL, request_identity
FROM tidemark.tick_completeness(at = {at:DateTime64(3, 'UTC')}, from = {from:DateTime64(3, 'UTC')})
