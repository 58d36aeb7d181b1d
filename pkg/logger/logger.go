// Package logger makes the one logger of a process: structured, with the request id of the
// context on every line.
package logger

import (
	"context"
	"io"
	"log/slog"

	"gofiber-auth/pkg/contextutil"
)

// New returns a logger that writes to w in the given format, "json" or "text", what is at
// least of the given level: debug, info, warn or error.
func New(w io.Writer, format, level string) *slog.Logger {
	var min slog.Level
	if err := min.UnmarshalText([]byte(level)); err != nil {
		min = slog.LevelInfo
	}
	options := &slog.HandlerOptions{Level: min}
	if format == "text" {
		return slog.New(withRequestID{slog.NewTextHandler(w, options)})
	}
	return slog.New(withRequestID{slog.NewJSONHandler(w, options)})
}

// withRequestID adds the request id of the context to each record.
type withRequestID struct{ slog.Handler }

func (h withRequestID) Handle(ctx context.Context, r slog.Record) error {
	if id := contextutil.RequestID(ctx); id != "" {
		r.AddAttrs(slog.String("request_id", id))
	}
	return h.Handler.Handle(ctx, r)
}

func (h withRequestID) WithAttrs(attrs []slog.Attr) slog.Handler {
	return withRequestID{h.Handler.WithAttrs(attrs)}
}

func (h withRequestID) WithGroup(name string) slog.Handler {
	return withRequestID{h.Handler.WithGroup(name)}
}
