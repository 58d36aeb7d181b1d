-- Why: who did what to which account has to be told later, by a log that nobody rewrites.

-- +goose Up
CREATE TABLE audit_entries (
    id         UUID PRIMARY KEY,                        -- a UUIDv7: the order of ids is that of time
    action     VARCHAR(50)  NOT NULL,
    user_id    UUID,                                    -- no foreign key: the entry outlives its user
    actor_id   UUID,                                    -- likewise
    ip         TEXT         NOT NULL DEFAULT '',
    user_agent TEXT         NOT NULL DEFAULT '',
    request_id VARCHAR(128) NOT NULL DEFAULT '',
    at         TIMESTAMPTZ  NOT NULL,
    detail     JSONB        NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_entries_user_idx ON audit_entries (user_id, id);
CREATE INDEX audit_entries_action_idx ON audit_entries (action, id);
-- What may be deleted.
CREATE INDEX audit_entries_at_idx ON audit_entries (at);
-- What somebody did to others, for forgetting who it was.
CREATE INDEX audit_entries_actor_idx ON audit_entries (actor_id) WHERE actor_id <> user_id;

-- An entry changes once at most: when its user or its actor is gone, what is personal in it is
-- taken out. It goes when it is old; half an hour is well below the shortest AUDIT_RETENTION, so
-- that the clocks of the service and the database need not agree to the second.
-- +goose StatementBegin
CREATE FUNCTION audit_entries_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    user_is_gone  BOOLEAN;
    actor_is_gone BOOLEAN;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        user_is_gone := OLD.user_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM users WHERE users.id = OLD.user_id);
        actor_is_gone := OLD.actor_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM users WHERE users.id = OLD.actor_id);
        IF (NEW.id, NEW.action, NEW.request_id, NEW.at) = (OLD.id, OLD.action, OLD.request_id, OLD.at)
            AND NEW.user_id IS NOT DISTINCT FROM OLD.user_id AND NEW.actor_id IS NOT DISTINCT FROM OLD.actor_id
            AND (user_is_gone OR actor_is_gone) AND NEW.ip IN ('', OLD.ip) AND NEW.user_agent IN ('', OLD.user_agent)
            AND (NEW.detail = OLD.detail OR user_is_gone AND NEW.detail = '{}')
        THEN
            RETURN NEW;
        END IF;
    ELSIF TG_OP = 'DELETE' THEN
        IF OLD.at < now() - interval '30 minutes' THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'audit_entries is append-only: no %', TG_OP USING ERRCODE = 'restrict_violation';
END $$;
-- +goose StatementEnd
CREATE TRIGGER audit_entries_append_only BEFORE UPDATE OR DELETE ON audit_entries
    FOR EACH ROW EXECUTE FUNCTION audit_entries_append_only();
CREATE TRIGGER audit_entries_no_truncate BEFORE TRUNCATE ON audit_entries
    FOR EACH STATEMENT EXECUTE FUNCTION audit_entries_append_only();

-- +goose Down
DROP TABLE audit_entries;
DROP FUNCTION audit_entries_append_only;
