-- Why: the identities that users have at providers; the key of one is (provider, provider_id).

-- +goose Up
CREATE TABLE oauth_providers (
    id               UUID PRIMARY KEY,
    user_id          UUID         NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    provider         VARCHAR(50)  NOT NULL,
    provider_id      VARCHAR(255) NOT NULL,
    access_token     TEXT,        -- encrypted
    refresh_token    TEXT,        -- encrypted
    token_expires_at TIMESTAMPTZ,
    profile_data     JSONB,
    created_at       TIMESTAMPTZ  NOT NULL DEFAULT now(),
    updated_at       TIMESTAMPTZ  NOT NULL DEFAULT now(),
    CONSTRAINT oauth_providers_provider_key UNIQUE (provider, provider_id)
);
-- At most one identity per provider; it also finds the rows that go when their user goes.
CREATE UNIQUE INDEX oauth_providers_user_key ON oauth_providers (user_id, provider);

-- +goose Down
DROP TABLE oauth_providers;
