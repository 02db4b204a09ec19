DROP TABLE IF EXISTS tidemark.points_before_identity
