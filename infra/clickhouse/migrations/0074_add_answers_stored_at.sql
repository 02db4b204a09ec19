-- stored_at: the store's clock, unless the sink says another time: it does where the pollers' clock is a simulated one.
ALTER TABLE tidemark.accepted_answers ADD COLUMN IF NOT EXISTS stored_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
