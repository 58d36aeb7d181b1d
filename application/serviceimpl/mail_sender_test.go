package serviceimpl_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"gofiber-auth/application/serviceimpl"
	"gofiber-auth/domain"
	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/services"
)

// postman is a mail server in memory, which fails as it is told.
type postman struct {
	mu    sync.Mutex
	fail  func(m services.MailMessage) error // nil: never
	tries int
	mails []services.MailMessage
}

func (p *postman) Send(ctx context.Context, m services.MailMessage) error {
	p.mu.Lock()
	p.tries++
	fail := p.fail
	p.mu.Unlock()
	if fail != nil {
		if err := fail(m); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mails = append(p.mails, m)
	return nil
}

func (p *postman) failWith(fail func(m services.MailMessage) error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fail = fail
}

// got returns the mails to an address, of which the subject is the kind and the text the token.
func (p *postman) got(to string) []services.MailMessage {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(p.mails), func(m services.MailMessage) bool { return m.To != to })
}

// office is the use cases with a worker that sends, in the bubble of a test of synctest.
type office struct {
	*world

	postman *postman
	counts  map[string]int // by kind and result
	stop    func()
}

// newOffice returns an office whose worker runs until stop.
func newOffice(t *testing.T, w *world) *office {
	t.Helper()
	o := &office{world: w, postman: new(postman), counts: map[string]int{}}
	w.clock.follows = true
	var mu sync.Mutex
	sender := serviceimpl.NewMailSender(serviceimpl.MailSenderDeps{
		NewID: newID,
		Queue: w.store.Mails, Work: w.store.Work, Users: w.store.Users, Mailer: o.postman, Limiter: w.limiter, Wakeups: serviceimpl.NewWakeups(), Now: w.clock.Now,
		Compose: func(m models.Mail, token string) (services.MailMessage, error) {
			return services.MailMessage{To: m.To, Subject: string(m.Kind), Text: token, HTML: m.Language}, nil
		},
		Count: func(kind, result string) { mu.Lock(); defer mu.Unlock(); o.counts[kind+" "+result]++ },
		Log:   slog.New(slog.DiscardHandler),
	})
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { sender.Run(ctx) })
	o.stop = func() { cancel(); running.Wait() }
	return o
}

// in runs a test in a bubble whose clock stands near that of the other tests' fixtures.
func inOffice(t *testing.T, test func(t *testing.T, o *office)) {
	t.Helper()
	inBubble(t, func(t *testing.T) {
		o := newOffice(t, newWorld(t))
		test(t, o)
		o.stop()
	})
}

func (o *office) forgot(t *testing.T, address string) {
	t.Helper()
	if err := o.recovery.ForgotPassword(t.Context(), dto.ForgotPasswordRequest{Email: address}); err != nil {
		t.Fatal(err)
	}
}

func (o *office) signUp(t *testing.T, name string) models.User {
	t.Helper()
	grant, err := o.accounts.Register(t.Context(), dto.RegisterRequest{Email: name + "@example.com", Username: name, Password: password}, models.Client{})
	if err != nil {
		t.Fatal(err)
	}
	return grant.User
}

// lastToken returns the token of the newest mail of a kind to the address.
func (o *office) lastToken(t *testing.T, kind models.MailKind, to string) string {
	t.Helper()
	mails := o.postman.got(to)
	for _, m := range slices.Backward(mails) {
		if m.Subject == string(kind) {
			return m.Text
		}
	}
	t.Fatalf("no %s among %d mails to %s", kind, len(mails), to)
	return ""
}

func (o *office) verify(t *testing.T, token string) error {
	t.Helper()
	return o.recovery.VerifyEmail(t.Context(), dto.VerifyEmailRequest{Token: token, Password: password}, nil, models.Client{})
}

func (o *office) reset(t *testing.T, token, password string) error {
	t.Helper()
	return o.recovery.ResetPassword(t.Context(), dto.ResetPasswordRequest{Token: token, Password: password})
}

func TestAResetGoesToWhoIsThere(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		ada := o.signUp(t, "ada")
		ghost := o.signUp(t, "ghost")
		o.store.Change(t, ghost.ID, func(u *models.User) { u.IsActive = false })
		for _, address := range []string{"ADA@example.com", "ghost@example.com", "nobody@example.com"} {
			o.forgot(t, address)
		}
		pass(time.Minute)
		if len(o.postman.got("nobody@example.com")) > 0 || len(o.postman.got("ghost@example.com")) > 0 {
			t.Error("a mail went to nobody, or to who is disabled")
		}
		if left := o.store.UnsentMails(t); len(left) > 0 {
			t.Errorf("%v wait", left)
		}
		token := o.lastToken(t, models.MailReset, ada.Email)
		want(t, "a reset", o.reset(t, token, "another horse battery"), nil)
		pass(time.Minute)
		want(t, "the notice", nil, nil)
		_ = o.lastToken(t, models.MailPasswordChanged, ada.Email)
		want(t, "a log-in with the new password", o.login(t, "another horse battery"), nil)
	})
}

func TestTokensDie(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		ada := o.signUp(t, "ada")
		pass(time.Minute)
		verify := o.lastToken(t, models.MailVerify, ada.Email)
		o.forgot(t, ada.Email)
		pass(time.Minute)
		first := o.lastToken(t, models.MailReset, ada.Email)
		o.forgot(t, ada.Email)
		pass(time.Minute)
		second := o.lastToken(t, models.MailReset, ada.Email)

		want(t, "an older token", o.reset(t, first, "another horse battery"), domain.ErrInvalidToken)
		want(t, "one of another purpose", o.reset(t, verify, "another horse battery"), domain.ErrInvalidToken)
		want(t, "one of another purpose", o.verify(t, second), domain.ErrInvalidToken)
		want(t, "a bad password", o.reset(t, second, "short"), domain.ErrValidation)
		pass(25 * time.Minute)
		want(t, "the newest", o.reset(t, second, "another horse battery"), nil)
		want(t, "the newest again", o.reset(t, second, "another horse battery"), domain.ErrInvalidToken)
		want(t, "a verification after a reset", o.verify(t, verify), domain.ErrInvalidToken)

		o.forgot(t, ada.Email)
		pass(time.Minute)
		late := o.lastToken(t, models.MailReset, ada.Email)
		pass(30 * time.Minute)
		want(t, "an old one", o.reset(t, late, "another horse battery"), domain.ErrInvalidToken)
	})
}

func TestAMailServerThatIsAway(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		o.postman.failWith(func(services.MailMessage) error { return services.ErrMailServer })
		for _, name := range []string{"ada", "grace", "edsger", "barbara", "donald", "tony", "niklaus"} {
			o.signUp(t, name)
		}
		pass(time.Hour)
		if tries := o.postman.tries; tries < 60 || tries > 130 {
			t.Errorf("%d tries in an hour, want about one in 45 s", tries)
		}
		o.postman.failWith(nil)
		pass(2 * time.Minute)
		if left := o.store.UnsentMails(t); len(left) > 0 {
			t.Errorf("%v wait two minutes after the mail server came back", left)
		}
		want(t, "a verification", o.verify(t, o.lastToken(t, models.MailVerify, "ada@example.com")), nil)
	})
}

func TestAMailThatFails(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		o.postman.failWith(func(m services.MailMessage) error {
			switch m.To {
			case "ada@example.com":
				return errors.New("451: not now")
			case "grace@example.com":
				return services.ErrMailRefused
			default:
				return nil
			}
		})
		for _, name := range []string{"ada", "grace", "edsger"} {
			o.signUp(t, name)
		}
		pass(time.Minute)
		if len(o.postman.got("edsger@example.com")) != 1 {
			t.Error("a mail waits for others")
		}
		pass(10 * time.Minute)
		if o.counts["verify_email refused"] != 1 || o.counts["verify_email failed"] < 6 || len(o.store.UnsentMails(t)) != 1 {
			t.Errorf("counts %v, %v wait", o.counts, o.store.UnsentMails(t))
		}
		pass(2 * time.Hour)
		if failed := o.counts["verify_email failed"]; failed > 30 { // with jitter
			t.Errorf("%d tries in two hours", failed)
		}
		age := func(d time.Duration) {
			if err := o.store.DB.Write.Exec("UPDATE mails SET created_at = ?", now().Add(-d)).Error; err != nil {
				t.Fatal(err)
			}
			pass(31 * time.Minute) // until it is tried again
		}
		age(3*24*time.Hour - 40*time.Minute)
		if o.counts["verify_email expired"] != 0 || len(o.store.UnsentMails(t)) != 1 {
			t.Errorf("within three days: counts %v, %v wait", o.counts, o.store.UnsentMails(t))
		}
		age(3 * 24 * time.Hour)
		if o.counts["verify_email expired"] != 1 || len(o.store.UnsentMails(t)) != 0 {
			t.Errorf("after three days: counts %v, %v wait", o.counts, o.store.UnsentMails(t))
		}
	})
}

// A mail under way in a stop is given up, and sent when the next worker starts.
func TestAStopGivesMailsUp(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		first := newOffice(t, newWorld(t))
		hang := make(chan struct{})
		first.postman.failWith(func(services.MailMessage) error { <-hang; return nil })
		first.signUp(t, "ada")
		pass(15 * time.Second)
		begun := time.Now()
		time.AfterFunc(2*time.Second, func() { close(hang) }) // a real mailer comes back as soon as its context ends
		first.stop()
		if took := time.Since(begun); took > 3*time.Second {
			t.Errorf("the stop took %s", took)
		}
		second := newOffice(t, first.instance("a"))
		pass(time.Second)
		if len(second.postman.got("ada@example.com")) != 1 {
			t.Error("the mail was not sent by who came next")
		}
		second.stop()
	})
}

// A verification that has come to nothing is not sent.
func TestPointlessMailsAreDropped(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		o.postman.failWith(func(services.MailMessage) error { return services.ErrMailServer })
		ada, grace := o.signUp(t, "ada"), o.signUp(t, "grace")
		pass(time.Minute)
		o.store.Change(t, ada.ID, func(u *models.User) { u.EmailVerified = true })
		o.store.Change(t, grace.ID, func(u *models.User) { u.Email = "other@example.com" })
		o.postman.failWith(nil)
		pass(5 * time.Minute)
		if o.counts["verify_email pointless"] != 2 || len(o.postman.mails) != 0 {
			t.Errorf("counts %v, and %v were sent", o.counts, o.postman.mails)
		}
	})
}
