-- Why: the accounts themselves.
--
-- Times are text of one width, UTC with microseconds, so that comparing them as text is right;
-- the driver in infrastructure/sqlite writes every time so. lower() of SQLite is ASCII's, as
-- e-mail and username are.

-- +goose Up
CREATE TABLE users (
    id             TEXT PRIMARY KEY NOT NULL,
    email          TEXT      NOT NULL,
    username       TEXT      NOT NULL,
    password       TEXT,                                -- NULL: no password, logs in through a provider
    display_name   TEXT,
    avatar         TEXT,
    role           TEXT      NOT NULL DEFAULT 'user' CONSTRAINT users_role_check CHECK (role IN ('user', 'admin')),
    is_active      BOOLEAN   NOT NULL DEFAULT 1,
    is_oauth_user  BOOLEAN   NOT NULL DEFAULT 0,
    oauth_provider TEXT,
    oauth_id       TEXT,
    email_verified BOOLEAN   NOT NULL DEFAULT 0,
    version        INTEGER   NOT NULL DEFAULT 1,        -- of the newest event of this user
    last_login_at  TIMESTAMP,
    created_at     TIMESTAMP NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f000+00:00', 'now')),
    updated_at     TIMESTAMP NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f000+00:00', 'now'))
);
-- SQLite looks at the newest index first: where both are taken it is the e-mail that is said to
-- be, as by PostgreSQL, which looks at the oldest first.
CREATE UNIQUE INDEX users_username_key ON users (lower(username));
CREATE UNIQUE INDEX users_email_key ON users (lower(email));
-- Who must not be the last one: asked at every demotion, deactivation and deletion of an admin.
CREATE INDEX users_active_admins_idx ON users (id) WHERE role = 'admin' AND is_active;

-- +goose Down
DROP TABLE users;
