package serviceimpl

import (
	"cmp"
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
	models.MailVerify:             24 * time.Hour,
	models.MailVerifyPending:      pendingLifetime,
	models.MailVerifyRegistration: pendingLifetime,
	models.MailReset:              30 * time.Minute,
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
	ready, token, err := s.prepare(ctx, m)
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
	err = s.send(ctx, ready, token)
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

// prepare returns the mail as it is to be sent, with the token that it is to hold, or errPointless.
// The token takes the place of the older one of its purpose. Only here it comes out whether an
// address is a user's: the request that caused the mail did not ask, so its time does not tell.
func (s *MailSender) prepare(ctx context.Context, m models.Mail) (ready models.Mail, token string, err error) {
	lifetime, needed := tokenLifetimes[m.Kind]
	if !needed {
		// A notice to an address that is not proved is charged to the quota of the address.
		if m.Unproved && m.Attempts <= 1 && !s.Limiter.Take(ctx, mailLimit, m.To).Allowed {
			return m, "", errPointless
		}
		return m, "", nil
	}
	token = newSecret()
	owner, err := s.Users.ByEmail(ctx, m.To)
	isOwned := err == nil
	if err != nil && !errors.Is(err, domain.ErrNotFound) {
		return m, "", err
	}
	switch m.Kind {
	case models.MailVerifyRegistration:
		if isOwned {
			return tellTaken(m, owner), "", nil
		}
		return m, token, s.Work.Do(ctx, func(ctx context.Context, r repositories.Set) error {
			return pointlessIfMissing(r.Registrations.SetToken(ctx, m.RegistrationID, hashOf(token), s.Now()))
		})
	case models.MailVerifyPending:
		if isOwned && owner.ID != m.UserID {
			return tellTaken(m, owner), "", nil
		}
	case models.MailReset:
		if !isOwned {
			return m, "", errPointless
		}
		m.UserID = owner.ID
	}
	ready = m
	err = s.Work.Do(ctx, func(ctx context.Context, r repositories.Set) error {
		user, err := r.Users.ForUpdate(ctx, m.UserID)
		if err != nil {
			return pointlessIfMissing(err)
		}
		t := models.MailToken{Hash: hashOf(token), Purpose: m.Kind, UserID: user.ID, Email: m.To, ExpiresAt: s.Now().Add(lifetime)}
		if !t.IsGoodFor(m.Kind, user, s.Now()) || m.Kind == models.MailVerify && user.EmailVerified {
			return errPointless
		}
		if m.Kind == models.MailReset {
			if m.Attempts <= 1 {
				if err := r.Audit.Append(ctx, requestedReset(m, user.ID, s.NewID(), s.Now())); err != nil {
					return err
				}
			}
			if !user.EmailVerified {
				switch { // the address may be mistyped: its owner must not get the account
				case user.Role == models.RoleAdmin:
					return errPointless
				case !user.HasPassword():
					ready, token = useProvider(m, user), ""
					return nil
				}
			}
		}
		return r.Tokens.Put(ctx, t)
	})
	return ready, token, err
}

// tellTaken returns the notice to the owner of an address in place of a mail that would prove it.
func tellTaken(m models.Mail, owner models.User) models.Mail {
	m.Kind, m.Language = models.MailEmailTaken, cmp.Or(owner.Language, m.Language)
	return m
}

// useProvider returns the mail that a user without a password gets in place of a link to a new one.
func useProvider(m models.Mail, u models.User) models.Mail {
	m.Kind = models.MailUseProvider
	if u.OAuthProvider != nil {
		m.Detail = map[string]string{models.MailProvider: *u.OAuthProvider}
	}
	return m
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
