DROP VIEW IF EXISTS tidemark.points_mv
