-- It wrote versions of the old kind.
DROP VIEW IF EXISTS tidemark.fill_points
