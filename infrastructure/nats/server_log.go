package nats

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
)

// serverLog is the embedded server's log as lines of ours.
type serverLog struct {
	log *slog.Logger

	mu    sync.Mutex
	fatal string
}

func (l *serverLog) Noticef(format string, v ...any) { l.write(slog.LevelDebug, format, v) }
func (l *serverLog) Warnf(format string, v ...any)   { l.write(slog.LevelWarn, format, v) }
func (l *serverLog) Errorf(format string, v ...any)  { l.write(slog.LevelError, format, v) }

// Debugf and Tracef are off: they would log the messages themselves.
func (l *serverLog) Debugf(string, ...any) {}
func (l *serverLog) Tracef(string, ...any) {}

// Fatalf notes why the server cannot start. The server expects the process to end here; ours
// does not, so StartEmbedded asks for the reason.
func (l *serverLog) Fatalf(format string, v ...any) {
	l.mu.Lock()
	l.fatal = statement(format, v)
	l.mu.Unlock()
	l.write(slog.LevelError, format, v)
}

func (l *serverLog) lastFatal() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fatal == "" {
		return "it was not ready in time"
	}
	return l.fatal
}

func (l *serverLog) write(level slog.Level, format string, v []any) {
	l.log.Log(context.Background(), level, "embedded event bus", "detail", statement(format, v))
}

// statement is what the server says, without the bytes of a client that speaks another
// protocol: anything may stand in those.
func statement(format string, v []any) string {
	text, _, _ := strings.Cut(fmt.Sprintf(format, v...), "proto=")
	return strings.TrimSpace(text)
}
