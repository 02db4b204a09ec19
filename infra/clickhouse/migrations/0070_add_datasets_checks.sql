-- The sentence of each check, by the flag that explode gives to values that contradict each other.
ALTER TABLE tidemark.datasets ADD COLUMN IF NOT EXISTS checks Map(String, String) AFTER expectations
