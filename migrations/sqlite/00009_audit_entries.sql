-- Why: who did what to which account has to be told later, by a log that nobody rewrites.

-- +goose Up
CREATE TABLE audit_entries (
    id         TEXT PRIMARY KEY NOT NULL,               -- a UUIDv7: the order of ids is that of time
    action     TEXT      NOT NULL,
    user_id    TEXT,                                    -- no foreign key: the entry outlives its user
    actor_id   TEXT,                                    -- likewise
    ip         TEXT      NOT NULL DEFAULT '',
    user_agent TEXT      NOT NULL DEFAULT '',
    request_id TEXT      NOT NULL DEFAULT '',
    at         TIMESTAMP NOT NULL,
    detail     TEXT      NOT NULL DEFAULT '{}' CHECK (json_valid(detail))
) WITHOUT ROWID;
CREATE INDEX audit_entries_user_idx ON audit_entries (user_id, id);
CREATE INDEX audit_entries_action_idx ON audit_entries (action, id);
-- What may be deleted.
CREATE INDEX audit_entries_at_idx ON audit_entries (at);
-- What somebody did to others, for forgetting who it was.
CREATE INDEX audit_entries_actor_idx ON audit_entries (actor_id) WHERE actor_id <> user_id;

-- An entry changes once at most: when its user or its actor is gone, what is personal in it is
-- taken out.
-- +goose StatementBegin
CREATE TRIGGER audit_entries_no_update BEFORE UPDATE ON audit_entries
WHEN NOT (
    (NEW.id, NEW.action, NEW.request_id, NEW.at) = (OLD.id, OLD.action, OLD.request_id, OLD.at)
    AND NEW.user_id IS OLD.user_id AND NEW.actor_id IS OLD.actor_id
    AND NEW.ip IN ('', OLD.ip) AND NEW.user_agent IN ('', OLD.user_agent) AND NEW.detail IN ('{}', OLD.detail)
    AND (OLD.user_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM users WHERE users.id = OLD.user_id)
        OR NEW.detail = OLD.detail
            AND OLD.actor_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM users WHERE users.id = OLD.actor_id)))
BEGIN
    SELECT RAISE(ABORT, 'audit_entries is append-only: no UPDATE');
END;
-- +goose StatementEnd
-- It goes when it is old; half an hour is well below the shortest AUDIT_RETENTION.
-- +goose StatementBegin
CREATE TRIGGER audit_entries_no_delete BEFORE DELETE ON audit_entries
WHEN OLD.at >= strftime('%Y-%m-%d %H:%M:%f000+00:00', 'now', '-30 minutes')
BEGIN
    SELECT RAISE(ABORT, 'audit_entries is append-only: no DELETE');
END;
-- +goose StatementEnd
-- INSERT OR REPLACE asks no other trigger.
-- +goose StatementBegin
CREATE TRIGGER audit_entries_no_replace BEFORE INSERT ON audit_entries
WHEN EXISTS (SELECT 1 FROM audit_entries WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'audit_entries is append-only: no REPLACE');
END;
-- +goose StatementEnd

-- +goose Down
DROP TABLE audit_entries;
