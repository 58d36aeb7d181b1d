-- Why: an address counts once its mailbox is proved; a session knows how it began; a refresh
-- that comes again is answered with the successor that it had.

-- +goose Up
ALTER TABLE users ADD COLUMN pending_email TEXT;                       -- takes effect when it is verified
ALTER TABLE users ADD COLUMN pending_email_expires_at TIMESTAMP;
ALTER TABLE users ADD COLUMN language TEXT NOT NULL DEFAULT '';        -- of the user's last request; '': not known
ALTER TABLE sessions ADD COLUMN method TEXT NOT NULL DEFAULT '';       -- "password" or a provider; '': begun before this column was there
ALTER TABLE refresh_tokens ADD COLUMN successor_salt BLOB;             -- of a used token: its successor is derived from the token with this

-- Registrations that wait for the proof of their address. They reserve nothing.
CREATE TABLE pending_registrations (
    id           TEXT PRIMARY KEY NOT NULL,
    email        TEXT      NOT NULL,
    username     TEXT      NOT NULL,
    password     TEXT,                 -- NULL: by an identity, whose ticket completes it
    display_name TEXT,
    ticket       BLOB,                 -- SHA-256 of the ticket; NULL: by a password
    language     TEXT      NOT NULL,
    token        BLOB UNIQUE,          -- SHA-256 of the token in its mail; NULL: not sent yet
    created_at   TIMESTAMP NOT NULL,
    expires_at   TIMESTAMP NOT NULL
);
CREATE INDEX pending_registrations_email_idx ON pending_registrations (email, id);
CREATE INDEX pending_registrations_expiry_idx ON pending_registrations (expires_at);

ALTER TABLE mails ADD COLUMN detail TEXT NOT NULL DEFAULT '';          -- JSON: what the text of the mail names
ALTER TABLE mails ADD COLUMN unproved BOOLEAN NOT NULL DEFAULT 0;       -- the address was not: a notice that counts against its quota
ALTER TABLE mails ADD COLUMN registration_id TEXT REFERENCES pending_registrations (id) ON DELETE CASCADE;
CREATE INDEX mails_registration_idx ON mails (registration_id) WHERE registration_id IS NOT NULL;

-- The networks and devices in which a user has logged in, so that a log-in from a new one is told.
CREATE TABLE known_devices (
    user_id       TEXT      NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    fingerprint   BLOB      NOT NULL,  -- SHA-256 of user, network and device: it names neither
    first_seen_at TIMESTAMP NOT NULL,
    last_seen_at  TIMESTAMP NOT NULL,
    log_ins       INTEGER   NOT NULL,
    told          BOOLEAN   NOT NULL,  -- whether a mail told of the first one
    PRIMARY KEY (user_id, fingerprint)
);

-- +goose Down
DROP TABLE known_devices;
DROP INDEX mails_registration_idx;
ALTER TABLE mails DROP COLUMN registration_id;
ALTER TABLE mails DROP COLUMN unproved;
ALTER TABLE mails DROP COLUMN detail;
DROP TABLE pending_registrations;
ALTER TABLE refresh_tokens DROP COLUMN successor_salt;
ALTER TABLE sessions DROP COLUMN method;
ALTER TABLE users DROP COLUMN language;
ALTER TABLE users DROP COLUMN pending_email_expires_at;
ALTER TABLE users DROP COLUMN pending_email;
