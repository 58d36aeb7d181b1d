-- The highest version that was applied of each user, of deleted ones too: what is not above
-- it is old news.
CREATE TABLE IF NOT EXISTS users_version (
    id      UUID PRIMARY KEY,
    version BIGINT NOT NULL
);

-- A copy of what the auth service owns. E-mail and username are not UNIQUE here: events of
-- two users may arrive in another order than they happened in, so for a moment two rows can
-- hold one address.
CREATE TABLE IF NOT EXISTS users_identity (
    id         UUID PRIMARY KEY,
    email      VARCHAR(255) NOT NULL,
    username   VARCHAR(100) NOT NULL,
    created_at TIMESTAMPTZ  NOT NULL,
    updated_at TIMESTAMPTZ  NOT NULL
);
CREATE INDEX IF NOT EXISTS users_identity_username_idx ON users_identity (lower(username));

-- What this service owns.
CREATE TABLE IF NOT EXISTS users_profile (
    id              UUID PRIMARY KEY REFERENCES users_identity (id) ON DELETE CASCADE,
    display_name    VARCHAR(100),
    avatar          TEXT,
    bio             TEXT,
    location        VARCHAR(100),
    website         VARCHAR(255),
    followers_count INTEGER NOT NULL DEFAULT 0,
    following_count INTEGER NOT NULL DEFAULT 0,
    created_at      TIMESTAMPTZ NOT NULL,
    updated_at      TIMESTAMPTZ NOT NULL
);
