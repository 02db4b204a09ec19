CREATE MATERIALIZED VIEW IF NOT EXISTS tidemark.exploded_revisions_mv TO tidemark.point_revisions AS
SELECT * FROM tidemark.exploded
