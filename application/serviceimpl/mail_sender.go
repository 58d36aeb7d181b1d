package serviceimpl

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/domain/services"
)

const (
	mailParallel  = 4                // mails under way at once
	mailPoll      = 3 * time.Second  // the safety net under the wake-ups
	mailSendTime  = 30 * time.Second // for one mail at the mail server
	mailHold      = 10 * time.Second // how long a mail is one instance's, which renews that while it is at it
	mailNote      = time.Minute      // how long it is tried to note what became of a mail
	mailBackoff   = 5 * time.Second  // after a failure, doubled up to a limit
	mailBackoffTo = 30 * time.Minute // of one mail
	mailAwayTo    = time.Minute      // while the mail server is away
	mailPatience  = 3 * 24 * time.Hour
	mailFinish    = time.Second     // for mails under way, in a stop
	mailAppeal    = 5 * time.Minute // before the third and last try of a mail that is refused for good
)

// MailSenderDeps is all that MailSender needs. Every field is required.
type MailSenderDeps struct {
	Queue   repositories.MailQueue
	Work    repositories.UnitOfWork
	Users   repositories.UserReader
	Mailer  services.Mailer
	Limiter services.RateLimiter
	Compose func(m models.Mail, token string) (services.MailMessage, error)
	Wakeups *Wakeups // of its own: a wake-up reaches one worker
	// Count is told of every attempt that ended, and how.
	Count func(kind, result string)
	Now   func() time.Time
	NewID func() string // a UUIDv7
	Log   *slog.Logger
}

// MailSender sends the mails that have been promised, several at once, each at least once. Any
// number of instances may do it.
//
// The goroutine of Run alone decides; each mail has another, which holds no connection of the
// database while it waits for the mail server.
type MailSender struct {
	MailSenderDeps

	underWay int
	ends     chan mailEnd  // has room for every mail under way
	away     time.Duration // the last pause before another try while the mail server is away; 0: it is there
	probeAt  time.Time     // while it is away: when it is tried again
	retryAt  time.Time     // when the first of the mails that failed lately is due
	troubled bool          // the database fails, and that has been said
}

// mailEnd is how an attempt ended.
type mailEnd struct {
	err     error         // of the mail server
	pause   time.Duration // until the next attempt; 0: there is none
	noTrial bool          // the mail server was not asked
}

// NewMailSender returns a worker that does nothing until Run.
func NewMailSender(d MailSenderDeps) *MailSender {
	return &MailSender{MailSenderDeps: d, ends: make(chan mailEnd, mailParallel)}
}

// Run sends until ctx ends. Mails under way then have a second, after which they are given up
// until the next start.
func (s *MailSender) Run(ctx context.Context) {
	sending, abandon := context.WithCancel(context.WithoutCancel(ctx))
	defer abandon()
	backoff := relayBackoff
	for ctx.Err() == nil {
		err := s.begin(ctx, sending)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			if !s.troubled {
				s.Log.WarnContext(ctx, "mails wait for the database", "error", err)
			}
			s.troubled = true
			wait(ctx, jitter(backoff), nil)
			backoff = min(2*backoff, relayBackoffTo)
		default:
			s.troubled, backoff = false, relayBackoff
			s.idle(ctx)
		}
	}
	stop := time.AfterFunc(mailFinish, abandon)
	defer stop.Stop()
	for ; s.underWay > 0; s.underWay-- {
		<-s.ends
	}
}

// begin begins to send what is due, as far as there is room. While the mail server is away, one
// mail at a time finds out whether it is back.
func (s *MailSender) begin(ctx, sending context.Context) error {
	room := mailParallel - s.underWay
	if s.away > 0 {
		room = 1 - s.underWay
		if time.Now().Before(s.probeAt) {
			room = 0
		}
	}
	if room <= 0 {
		return nil
	}
	mails, err := s.Queue.Claim(ctx, mailHold, room)
	if err != nil {
		return err
	}
	for _, m := range mails {
		s.underWay++
		go func() { s.ends <- s.attempt(sending, m) }()
	}
	return nil
}

// idle waits until there may be something to do.
func (s *MailSender) idle(ctx context.Context) {
	pause := mailPoll
	for _, at := range []time.Time{s.retryAt, s.probeAt} {
		if left := time.Until(at); left > 0 {
			pause = min(pause, left)
		}
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-s.Wakeups.committed:
	case end := <-s.ends:
		s.underWay--
		s.judge(ctx, end)
	}
}

// judge draws conclusions from the end of an attempt.
func (s *MailSender) judge(ctx context.Context, end mailEnd) {
	if end.pause > 0 {
		at := time.Now().Add(end.pause + 10*time.Millisecond) // not just before it is due
		if at.Before(s.retryAt) || !s.retryAt.After(time.Now()) {
			s.retryAt = at
		}
	}
	switch {
	case end.noTrial:
	case errors.Is(end.err, services.ErrMailServer):
		if s.away == 0 {
			s.Log.WarnContext(ctx, "mails wait for the mail server", "error", end.err)
		}
		if !time.Now().Before(s.probeAt) { // those that were under way together count once
			s.away = min(max(2*s.away, mailBackoff), mailAwayTo)
			s.probeAt = time.Now().Add(jitter(s.away))
		}
	case s.away > 0:
		s.away, s.probeAt = 0, time.Time{}
		s.Log.InfoContext(ctx, "mails flow")
	}
}
