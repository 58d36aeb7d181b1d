-- Why: events go out by HTTP, too, with a progress of their own, whatever the bus does.

-- +goose Up
-- A user of whom events wait: the ones from version to last_version. One row a user, not one an
-- event: what is due is found without looking at what is not, however much waits.
CREATE TABLE http_deliveries (
    user_id         UUID PRIMARY KEY,
    event_id        UUID        NOT NULL CONSTRAINT http_deliveries_event_key UNIQUE -- the next to go out, which so stays in the outbox
                                CONSTRAINT http_deliveries_event_fkey REFERENCES outbox_events (id),
    version         BIGINT      NOT NULL,               -- of that event
    last_version    BIGINT      NOT NULL,               -- of the newest that waits
    failures        INTEGER     NOT NULL DEFAULT 0,     -- of that event so far
    next_attempt_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX http_deliveries_fresh_idx ON http_deliveries (next_attempt_at) WHERE failures = 0;
CREATE INDEX http_deliveries_failed_idx ON http_deliveries (next_attempt_at) WHERE failures > 0;

-- +goose Down
DROP TABLE http_deliveries;
