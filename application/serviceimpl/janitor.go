package serviceimpl

import (
	"context"
	"log/slog"
	"time"

	"gofiber-auth/domain/repositories"
)

const (
	janitorInterval = 10 * time.Minute
	janitorBatch    = 500                // rows deleted at once, so that no lock is held for long
	outboxRetention = 7 * 24 * time.Hour // how long published events stay, for publishing them again
)

// JanitorDeps is all that Janitor needs. Every field is required.
type JanitorDeps struct {
	Sessions repositories.ExpiredSessions
	Events   repositories.PublishedEvents
	Audit    repositories.ExpiredAudit
	AuditAge time.Duration // how long entries of the audit log stay
	Tokens   repositories.ExpiredMailTokens
	Waiting  repositories.ExpiredRegistrations
	Now      func() time.Time
	Log      *slog.Logger
}

// Janitor deletes what has outlived its use. Any number of instances may do it at once.
type Janitor struct{ JanitorDeps }

// NewJanitor returns a janitor that does nothing until Run.
func NewJanitor(d JanitorDeps) *Janitor { return &Janitor{d} }

// Run sweeps now and then until ctx ends.
func (j *Janitor) Run(ctx context.Context) {
	for ctx.Err() == nil {
		j.Sweep(ctx)
		wait(ctx, jitter(janitorInterval), nil)
	}
}

// Sweep deletes expired sessions, mailed tokens and registrations, and events and audit entries that are older
// than they are kept.
func (j *Janitor) Sweep(ctx context.Context) {
	j.sweep(ctx, "sessions", 0, j.Sessions.DeleteExpired)
	j.sweep(ctx, "mail tokens", 0, j.Tokens.DeleteExpiredTokens)
	j.sweep(ctx, "registrations", 0, j.Waiting.DeleteExpiredRegistrations)
	j.sweep(ctx, "events", outboxRetention, j.Events.DeletePublished)
	j.sweep(ctx, "audit entries", j.AuditAge, j.Audit.DeleteAuditBefore)
}

func (j *Janitor) sweep(ctx context.Context, what string, age time.Duration, remove func(context.Context, time.Time, int) (int64, error)) {
	before, total := j.Now().Add(-age), int64(0)
	for {
		n, err := remove(ctx, before, janitorBatch)
		total += n
		if err != nil && ctx.Err() == nil {
			j.Log.WarnContext(ctx, "the sweep was cut short", "what", what, "error", err)
		}
		if err != nil || n < janitorBatch {
			break
		}
	}
	if total > 0 {
		j.Log.InfoContext(ctx, "swept", "what", what, "rows", total)
	}
}
