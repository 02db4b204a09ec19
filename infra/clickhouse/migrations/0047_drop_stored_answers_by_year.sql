DROP TABLE IF EXISTS tidemark.stored_answers_by_year
