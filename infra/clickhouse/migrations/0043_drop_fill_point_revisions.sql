-- point_revisions_mv fills the table now.
DROP VIEW IF EXISTS tidemark.fill_point_revisions
