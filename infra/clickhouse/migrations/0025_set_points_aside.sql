-- A version of points now says, too, whether the row has an identity, so the table is made anew from point_revisions. It
-- is renamed, not dropped: run a second time by a process that is late, this fails and harms nothing.
RENAME TABLE IF EXISTS tidemark.points TO tidemark.points_before_identity
