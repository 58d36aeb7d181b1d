package serviceimpl

import (
	"context"
	"errors"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/domain/services"
	"gofiber-auth/pkg/contextutil"
)

// tokenLifetimes is how long the token in a mail is good; a mail of another kind has none.
var tokenLifetimes = map[models.MailKind]time.Duration{
	models.MailVerify: 24 * time.Hour,
	models.MailReset:  30 * time.Minute,
}

// errPointless says that what a mail is for has come to nothing since it was promised.
var errPointless = errors.New("the mail is pointless by now")

// The results of attempts.
const (
	mailSent      = "sent"
	mailPointless = "pointless" // nobody has the address, say: there is nothing to send
	mailFailed    = "failed"    // it is tried again
	mailRefused   = "refused"   // for good, so it is dropped
	mailExpired   = "expired"   // it failed for so long that it is dropped
)

// attempt sends a claimed mail, or finds that it cannot, and notes that in the queue.
func (s *MailSender) attempt(ctx context.Context, m models.Mail) mailEnd {
	ctx = contextutil.WithRequestID(ctx, m.RequestID)
	token, err := s.prepare(ctx, m)
	switch {
	case errors.Is(err, errPointless):
		s.Count(string(m.Kind), mailPointless)
		s.note(ctx, m, func(ctx context.Context) error { return s.Queue.Done(ctx, m.ID) })
		return mailEnd{noTrial: true}
	case err != nil: // the database's fault, so the queue cannot be told either: the claim ends by itself
		s.Log.WarnContext(ctx, "a mail waits for the database", "mail", m, "error", err)
		return mailEnd{noTrial: true, pause: mailHold}
	}
	release := s.hold(ctx, m)
	err = s.send(ctx, m, token)
	release()
	if err != nil && ctx.Err() != nil { // a stop
		s.giveUp(ctx, m)
		return mailEnd{noTrial: true}
	}
	if errors.Is(err, services.ErrMailRefused) {
		m.Refusals++
	}
	result, pause := s.verdict(m, err)
	s.Count(string(m.Kind), result)
	if pause > 0 {
		s.Log.InfoContext(ctx, "a mail was not sent; it is tried again", "mail", m, "error", err, "retry_in", pause.String())
		s.note(ctx, m, func(ctx context.Context) error { return s.Queue.Retry(ctx, m, pause) })
		return mailEnd{err: err, pause: pause}
	}
	if err != nil {
		s.Log.WarnContext(ctx, "a mail was dropped", "mail", m, "result", result, "error", err)
	}
	s.note(ctx, m, func(ctx context.Context) error { return s.Queue.Done(ctx, m.ID) })
	return mailEnd{err: err}
}

// prepare makes the token that the mail is to hold, in place of the user's older one, or returns
// errPointless. A notice to an address that is not proved is charged to the quota of the address.
func (s *MailSender) prepare(ctx context.Context, m models.Mail) (token string, err error) {
	lifetime, needed := tokenLifetimes[m.Kind]
	if !needed {
		if m.Unproved && m.Attempts <= 1 && !s.Limiter.Take(ctx, mailLimit, m.To).Allowed {
			return "", errPointless
		}
		return "", nil
	}
	userID := m.UserID
	if userID == "" {
		user, err := s.Users.ByEmail(ctx, m.To)
		if err != nil {
			return "", pointlessIfMissing(err)
		}
		userID = user.ID
	}
	token = newSecret()
	return token, s.Work.Do(ctx, func(ctx context.Context, r repositories.Set) error {
		user, err := r.Users.ForUpdate(ctx, userID)
		if err != nil {
			return pointlessIfMissing(err)
		}
		if !user.IsActive || user.Email != m.To || m.Kind == models.MailVerify && user.EmailVerified {
			return errPointless
		}
		if m.Kind == models.MailReset && m.Attempts <= 1 {
			if err := r.Audit.Append(ctx, requestedReset(m, user.ID, s.NewID(), s.Now())); err != nil {
				return err
			}
		}
		return r.Tokens.Put(ctx, models.MailToken{
			Hash: hashOf(token), Purpose: m.Kind, UserID: user.ID, Email: user.Email, ExpiresAt: s.Now().Add(lifetime),
		})
	})
}

func pointlessIfMissing(err error) error {
	if errors.Is(err, domain.ErrNotFound) {
		return errPointless
	}
	return err
}

// hold renews the claim of a mail until release, which waits for the last renewal: an instance
// that dies over a mail so leaves it to the next within seconds.
func (s *MailSender) hold(ctx context.Context, m models.Mail) (release func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(mailHold / 3)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				_ = s.Queue.Retry(ctx, m, mailHold) // the next renewal, or nobody: then the mail may come twice
			}
		}
	}()
	return func() { cancel(); <-done }
}

func (s *MailSender) send(ctx context.Context, m models.Mail, token string) error {
	message, err := s.Compose(m, token)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, mailSendTime)
	defer cancel()
	return s.Mailer.Send(ctx, message)
}

// verdict says what becomes of a mail after an attempt: without a pause it is done with.
func (s *MailSender) verdict(m models.Mail, err error) (result string, pause time.Duration) {
	switch {
	case err == nil:
		return mailSent, 0
	case s.Now().Sub(m.CreatedAt) >= mailPatience:
		return mailExpired, 0
	case errors.Is(err, services.ErrMailRefused):
		// Some servers say "never" and mean "not now"; and who runs this one may have set it up wrong.
		switch m.Refusals {
		case 0, 1:
			return mailFailed, jitter(mailBackoff)
		case 2:
			return mailFailed, mailAppeal
		default:
			return mailRefused, 0
		}
	case errors.Is(err, services.ErrMailServer):
		return mailFailed, jitter(doubled(m.Attempts, mailAwayTo))
	default:
		return mailFailed, jitter(doubled(m.Attempts, mailBackoffTo))
	}
}

// doubled is the pause after so many attempts.
func doubled(attempts int, limit time.Duration) time.Duration {
	if attempts > 16 {
		return limit
	}
	return min(mailBackoff<<max(0, attempts-1), limit)
}

// note tells the queue, again and again while the database is away: a mail that it does not
// know to be sent is sent twice. Once the claim has ended there is no point in it.
func (s *MailSender) note(ctx context.Context, m models.Mail, tell func(ctx context.Context) error) {
	until := time.Now().Add(mailNote)
	for {
		err := tell(ctx)
		if err == nil {
			return
		}
		if ctx.Err() != nil || time.Now().After(until) {
			s.Log.WarnContext(ctx, "what became of a mail was not noted: it may be sent again", "mail", m, "error", err)
			return
		}
		wait(ctx, jitter(relayBackoffTo), nil)
	}
}

// giveUp leaves the mail to whoever starts next.
func (s *MailSender) giveUp(ctx context.Context, m models.Mail) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), relayGrace)
	defer cancel()
	if err := s.Queue.Retry(ctx, m, 0); err != nil {
		s.Log.WarnContext(ctx, "a mail was not given up; it is sent when its claim ends", "mail", m, "error", err)
	}
}

// requestedReset is the entry of a new password that was asked for. The request itself does not
// know whose address it named, so that its time does not tell; whoever made it is not kept.
func requestedReset(m models.Mail, userID, id string, now time.Time) models.AuditEntry {
	return models.AuditEntry{
		ID: id, Action: models.AuditResetRequested, UserID: userID, RequestID: m.RequestID, At: now, Detail: map[string]string{},
	}
}
