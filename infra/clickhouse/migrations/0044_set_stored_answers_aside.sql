-- The table is made anew without yearly partitions: the views join with it, and planning a read of eleven partitions cost more
-- than the read. It is renamed, not dropped: run a second time by a process that is late, this fails and harms nothing.
RENAME TABLE IF EXISTS tidemark.stored_answers TO tidemark.stored_answers_by_year
