-- Why: the identities that users have at providers; the key of one is (provider, provider_id).

-- +goose Up
CREATE TABLE oauth_providers (
    id               TEXT PRIMARY KEY NOT NULL,
    user_id          TEXT      NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    provider         TEXT      NOT NULL,
    provider_id      TEXT      NOT NULL,
    access_token     TEXT,     -- encrypted
    refresh_token    TEXT,     -- encrypted
    token_expires_at TIMESTAMP,
    profile_data     TEXT CHECK (profile_data IS NULL OR json_valid(profile_data)),
    created_at       TIMESTAMP NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f000+00:00', 'now')),
    updated_at       TIMESTAMP NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f000+00:00', 'now')),
    CONSTRAINT oauth_providers_provider_key UNIQUE (provider, provider_id)
);
-- At most one identity per provider; it also finds the rows that go when their user goes.
CREATE UNIQUE INDEX oauth_providers_user_key ON oauth_providers (user_id, provider);

-- +goose Down
DROP TABLE oauth_providers;
