-- Why: the accounts themselves.
--
-- E-mail and username are ASCII and unique without regard to case. COLLATE "C" makes lower()
-- the same under every locale of the database (in a Turkish one lower('I') is another letter),
-- and lets one index serve uniqueness, equality and LIKE 'prefix%'.

-- +goose Up
CREATE TABLE users (
    id             UUID PRIMARY KEY,
    email          VARCHAR(255) COLLATE "C" NOT NULL,
    username       VARCHAR(100) COLLATE "C" NOT NULL,
    password       VARCHAR(255),                        -- NULL: no password, logs in through a provider
    display_name   VARCHAR(100),
    avatar         TEXT,
    role           VARCHAR(50)  NOT NULL DEFAULT 'user' CONSTRAINT users_role_check CHECK (role IN ('user', 'admin')),
    is_active      BOOLEAN      NOT NULL DEFAULT true,
    is_oauth_user  BOOLEAN      NOT NULL DEFAULT false,
    oauth_provider VARCHAR(50),
    oauth_id       VARCHAR(255),
    email_verified BOOLEAN      NOT NULL DEFAULT false,
    version        BIGINT       NOT NULL DEFAULT 1,     -- of the newest event of this user
    last_login_at  TIMESTAMPTZ,
    created_at     TIMESTAMPTZ  NOT NULL DEFAULT now(),
    updated_at     TIMESTAMPTZ  NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX users_email_key ON users (lower(email));
CREATE UNIQUE INDEX users_username_key ON users (lower(username));
-- Who must not be the last one: asked at every demotion, deactivation and deletion of an admin.
CREATE INDEX users_active_admins_idx ON users (id) WHERE role = 'admin' AND is_active;

-- +goose Down
DROP TABLE users;
