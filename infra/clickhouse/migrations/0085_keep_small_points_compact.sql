-- A wide part has dozens of files. Creating and removing them took a tenth of the store's CPU, because most parts are merged
-- within a minute.
ALTER TABLE tidemark.points MODIFY SETTING min_bytes_for_wide_part = 67108864
