package models

import (
	"log/slog"
	"time"
)

// Action is what happened to a user's identity.
type Action string

// The actions; each is the last token of its event's subject.
const (
	ActionCreated Action = "created"
	ActionUpdated Action = "updated"
	ActionDeleted Action = "deleted"
)

// OutboxEvent is one change of a user's identity, written in the transaction that made it
// and published by the relay.
type OutboxEvent struct {
	ID         string // a UUIDv7; the Nats-Msg-Id of every try to publish it
	UserID     string
	Version    int64 // 1 for created, one more at each later event of the user, no gaps
	Action     Action
	Email      string
	Username   string
	RequestID  string // of the request that caused it; may be empty
	OccurredAt time.Time
}

// LogValue keeps the person's data out of the logs.
func (e OutboxEvent) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", e.ID), slog.String("user", e.UserID),
		slog.Int64("version", e.Version), slog.String("action", string(e.Action)))
}
