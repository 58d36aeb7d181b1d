-- Why: what goes through a person's mailbox must survive a mail server that is away, and no token lies about in the open.

-- +goose Up
-- The mails that wait to be sent. One without a user is a reset that was asked for by an address alone.
CREATE TABLE mails (
    id         TEXT PRIMARY KEY NOT NULL,
    kind       TEXT      NOT NULL,
    user_id    TEXT      REFERENCES users (id) ON DELETE CASCADE,
    recipient  TEXT      NOT NULL,
    language   TEXT      NOT NULL,
    request_id TEXT      NOT NULL,
    created_at TIMESTAMP NOT NULL,
    attempts   INTEGER   NOT NULL DEFAULT 0,            -- begun so far
    refusals   INTEGER   NOT NULL DEFAULT 0,            -- by the mail server, for good
    due_at     TIMESTAMP NOT NULL                       -- the next attempt; one that is under way has until then
);
CREATE INDEX mails_due_idx ON mails (due_at);
CREATE INDEX mails_recipient_idx ON mails (recipient, id);
CREATE INDEX mails_user_idx ON mails (user_id);

CREATE TABLE mail_tokens (
    hash       BLOB PRIMARY KEY NOT NULL,               -- SHA-256: the token itself is stored nowhere
    purpose    TEXT      NOT NULL,
    user_id    TEXT      NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    email      TEXT      NOT NULL,                      -- that it was sent to
    expires_at TIMESTAMP NOT NULL,
    CONSTRAINT mail_tokens_user_key UNIQUE (user_id, purpose)
);
CREATE INDEX mail_tokens_expiry_idx ON mail_tokens (expires_at);

-- +goose Down
DROP TABLE mail_tokens;
DROP TABLE mails;
