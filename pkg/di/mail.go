package di

import (
	"context"
	"fmt"
	"net/http"

	"gofiber-auth/application/mailtext"
	"gofiber-auth/application/serviceimpl"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/services"
	"gofiber-auth/infrastructure/mail"
	"gofiber-auth/infrastructure/postgres"
	"gofiber-auth/pkg/config"
	"gofiber-auth/pkg/metrics"
)

// post is the sending of mails. Where it is off, all of it is nil.
type post struct {
	promises *serviceimpl.MailPromises
	sender   *serviceimpl.MailSender
	box      http.Handler // what is shown of mails in development; nil where they are sent
}

// newPost puts together what sends mails: by SMTP where it is configured, else in development
// into a box that one looks into, and else nowhere.
func (c *Container) newPost(ctx context.Context, m *metrics.Metrics, limiter services.RateLimiter) (post, error) {
	var (
		p      = post{promises: serviceimpl.NewMailPromises(limiter, now, newID)}
		mailer services.Mailer
	)
	switch {
	case c.cfg.Mail.URL != "":
		smtp, err := mail.NewSMTP(mail.Options{URL: string(c.cfg.Mail.URL), From: c.cfg.Mail.From})
		if err != nil {
			return post{}, fmt.Errorf("SMTP_URL and MAIL_FROM: %w", err)
		}
		mailer = smtp
	case c.cfg.App.Env == config.Development:
		box := mail.NewBox(c.log, now)
		mailer, p.box = box, box
	default:
		c.log.WarnContext(ctx, "SMTP_URL is not set: no mail is sent, so addresses are not verified and forgotten passwords stay forgotten")
		return post{}, nil
	}
	queue := postgres.NewMails(c.core.Database)
	m.WatchMails(queue.Unsent)
	p.sender = serviceimpl.NewMailSender(serviceimpl.MailSenderDeps{
		Queue: queue, Work: c.core.Work, Users: c.core.Users, Mailer: mailer, Limiter: limiter,
		Compose: mailtext.New(c.cfg.App.Name, c.cfg.HTTP.FrontendURL).Compose, Wakeups: c.mailWakeups,
		Count: func(kind, result string) { m.MailsSent.WithLabelValues(kind, result).Inc() }, Now: now, NewID: newID, Log: c.log,
	})
	return p, nil
}

// newRecovery makes what goes through people's mailboxes.
func (c *Container) newRecovery(p post, limiter services.RateLimiter, accounts *serviceimpl.Accounts, oauth *serviceimpl.OAuth) *serviceimpl.Recovery {
	return serviceimpl.NewRecovery(serviceimpl.RecoveryDeps{
		Work: c.core.Work, Users: c.core.Users, Tokens: postgres.NewMailTokens(c.core.Database), Hasher: c.core.Hasher,
		Limiter: limiter, Mails: p.promises, Now: now, NewID: newID,
		Breaches: c.core.Breaches,
		Accounts: accounts, OAuth: oauth, Registrations: postgres.NewRegistrations(c.core.Database), Registration: c.registration(),
	})
}

// registration is who may make an account.
func (c *Container) registration() models.RegistrationPolicy {
	return models.RegistrationPolicy{Mode: models.RegistrationMode(c.cfg.Registration.Mode), Domains: c.cfg.Registration.Domains}
}
