-- Why: a change and its event commit together, so the event waits here until the bus has it.

-- +goose Up
CREATE TABLE outbox_events (
    id              UUID PRIMARY KEY,
    user_id         UUID         NOT NULL,              -- no foreign key: the event outlives its user
    version         BIGINT       NOT NULL CONSTRAINT outbox_events_version_check CHECK (version > 0),
    action          VARCHAR(20)  NOT NULL CONSTRAINT outbox_events_action_check CHECK (action IN ('created', 'updated', 'deleted')),
    email           VARCHAR(255) NOT NULL,
    username        VARCHAR(100) NOT NULL,
    request_id      VARCHAR(128) NOT NULL DEFAULT '',
    occurred_at     TIMESTAMPTZ  NOT NULL,
    published_at    TIMESTAMPTZ,                        -- NULL: waits
    stream_sequence BIGINT,
    CONSTRAINT outbox_events_version_key UNIQUE (user_id, version)
);
-- What waits, oldest first, and per user: both stay small whatever has been published. They
-- serve one query (HeadsQuery in infrastructure/postgres), each one half of it. Each has a
-- condition that is always true and that only its half implies: else a planner that takes
-- both for empty, as they mostly are, may use either for the other half, and read all of it
-- for each row when a backlog has just grown.
CREATE INDEX outbox_events_pending_idx ON outbox_events (id) WHERE published_at IS NULL AND version > 0;
CREATE INDEX outbox_events_pending_user_idx ON outbox_events (user_id, version) WHERE published_at IS NULL AND user_id IS NOT NULL;
-- What may be deleted.
CREATE INDEX outbox_events_published_idx ON outbox_events (published_at) WHERE published_at IS NOT NULL;

-- Of several instances one publishes: the one that holds the lease.
CREATE TABLE relay_leases (
    name       VARCHAR(100) PRIMARY KEY,
    holder     VARCHAR(100) NOT NULL,
    expires_at TIMESTAMPTZ  NOT NULL
);

-- +goose Down
DROP TABLE relay_leases;
DROP TABLE outbox_events;
