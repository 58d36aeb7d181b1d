package main

import (
	"context"
	"log/slog"

	"gofiber-auth/pkg/userevents"
)

// follow keeps the copy of the users until ctx ends. It waits for a bus that is away.
func follow(ctx context.Context, s settings, users Users, log *slog.Logger) error {
	report := func(err error) { log.Warn("events", "error", err) }
	bus, err := userevents.Connect(s.nats, s.durable, report)
	if err != nil {
		return err
	}
	defer bus.Close()
	return userevents.Consumer{
		Conn: bus, Stream: s.stream, Durable: s.durable,
		Handle: func(ctx context.Context, e userevents.Event) error {
			err := users.Apply(ctx, e)
			if err == nil {
				log.Info("applied", "action", e.Action, "user", e.UserID, "version", e.Version, "request_id", e.RequestID)
			}
			return err
		},
		Position: users.Position,
		Bootstrap: func(ctx context.Context, gap userevents.Gap) error {
			log.Info("beginning", "why", gap.Why, "behind", gap.End.Sequence)
			if s.syncToken == "" { // with what the stream still has
				return users.Begin(ctx, gap, gap.Begin)
			}
			return users.Restore(ctx, gap, userevents.Snapshot{URL: s.auth, Token: s.syncToken})
		},
		Report: report,
	}.Run(ctx)
}
