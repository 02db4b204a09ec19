-- completeness() of now, by the store's clock.
CREATE OR REPLACE VIEW tidemark.completeness_now AS
SELECT * FROM tidemark.completeness(at = now64(3))
