-- Why: a refresh token works once, and one that comes again ends its session; so used tokens stay
-- as long as the session does, and know whom they succeed.

-- +goose Up
ALTER TABLE refresh_tokens ADD COLUMN used_at TIMESTAMP; -- of the first use; NULL: not yet
ALTER TABLE refresh_tokens ADD COLUMN parent BLOB;       -- hash of the token that it was given out for; NULL: of a log-in
CREATE INDEX refresh_tokens_parent_idx ON refresh_tokens (parent) WHERE parent IS NOT NULL;

-- +goose Down
DROP INDEX refresh_tokens_parent_idx;
ALTER TABLE refresh_tokens DROP COLUMN used_at;
ALTER TABLE refresh_tokens DROP COLUMN parent;
