-- What had become of each window by an instant, as it was known then: completeness(at = '2026-11-20 10:30:00'), UTC. One row
-- a window of days, hours or months, and one an hour of ticks. class, the first that fits: unknown, before-history, deleted,
-- not-collected, complete, retracted, partial, not-yet-due, late; hours of ticks may be lost. cause: of late, partial and lost.
-- docs/completeness.md says what they mean. "complete" never says that nothing will be revised. Name a dataset where the
-- store is large.
CREATE OR REPLACE VIEW tidemark.completeness AS
SELECT * FROM tidemark.completeness_since(at = {at:DateTime64(3, 'UTC')}, from = '1970-01-02 00:00:00')
