DROP VIEW IF EXISTS tidemark.point_revisions_mv
