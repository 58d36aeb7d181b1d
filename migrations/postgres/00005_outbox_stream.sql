-- Why: what the stream has lost can only be told when each event knows which stream had it.

-- +goose Up
ALTER TABLE outbox_events ADD COLUMN stream_id BIGINT;  -- when that stream was made, in ns since 1970
CREATE INDEX outbox_events_stream_idx ON outbox_events (stream_id, stream_sequence) WHERE published_at IS NOT NULL;

-- +goose Down
DROP INDEX outbox_events_stream_idx;
ALTER TABLE outbox_events DROP COLUMN stream_id;
