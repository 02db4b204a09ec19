-- What the sink inserts meanwhile comes by the view.
INSERT INTO tidemark.stored_answers SELECT * FROM tidemark.stored_answers_by_year
