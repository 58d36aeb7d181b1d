package services

import (
	"context"
	"errors"

	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/models"
)

// Mailer sends mails.
type Mailer interface {
	// Send hands a mail over to the mail server, or says why not, without naming who gets it:
	// ErrMailServer, ErrMailRefused, or another error where a later attempt may succeed. It
	// returns soon after ctx ends.
	Send(ctx context.Context, m MailMessage) error
}

var (
	// ErrMailServer says that the trouble is the mail server's, whatever the mail.
	ErrMailServer = errors.New("the mail server takes no mail")
	// ErrMailRefused says that the mail server refuses this mail for good.
	ErrMailRefused = errors.New("the mail is refused")
)

// MailMessage is a mail as people read it.
type MailMessage struct {
	To      string
	Subject string
	Text    string
	HTML    string
}

// Recovery is what goes through a person's mailbox.
type Recovery interface {
	// VerifyEmail proves the mailbox of a user, of its pending address or of a pending registration.
	// p is the bearer of the request, or nil. It returns domain.ErrInvalidToken;
	// domain.ErrLoginRequired without a proof of the account, which leaves the token good, as all that
	// follow do; domain.ErrRateLimited; domain.ErrEmailTaken; domain.ErrUsernameTaken.
	VerifyEmail(ctx context.Context, in dto.VerifyEmailRequest, p *models.Principal, from models.Client) error
	// ResendVerification mails the pending address, else the unverified one. It returns
	// domain.ErrAlreadyVerified or domain.ErrRateLimited.
	ResendVerification(ctx context.Context, p models.Principal) error
	// ForgotPassword does the same whether or not the address is anybody's. It returns
	// domain.ErrValidation or domain.ErrRateLimited.
	ForgotPassword(ctx context.Context, in dto.ForgotPasswordRequest) error
	// ResetPassword ends all sessions of the user. It returns domain.ErrInvalidToken or
	// domain.ErrValidation.
	ResetPassword(ctx context.Context, in dto.ResetPasswordRequest) error
}

// SessionList is what users do with their own sessions.
type SessionList interface {
	// Sessions returns the live sessions, the newest first.
	Sessions(ctx context.Context, p models.Principal) ([]models.Session, error)
	// EndSession returns domain.ErrNotFound for one that is not the bearer's.
	EndSession(ctx context.Context, p models.Principal, sessionID string) error
	// EndOtherSessions ends all but the bearer's own.
	EndOtherSessions(ctx context.Context, p models.Principal) error
}

// AuditLog reads the audit log.
type AuditLog interface {
	// Audit returns a page of entries, the newest first, and whether there are more behind it. It
	// returns domain.ErrValidation.
	Audit(ctx context.Context, q dto.AuditQuery) (entries []models.AuditEntry, more bool, err error)
	// OwnAudit is Audit for the bearer's own account, whatever user q names. Where somebody else
	// acted, such as an admin, it does not tell from where.
	OwnAudit(ctx context.Context, p models.Principal, q dto.AuditQuery) (entries []models.AuditEntry, more bool, err error)
}

// Exporter gives people what is held about them.
type Exporter interface {
	// Export returns all that is held about the bearer, but for secrets.
	Export(ctx context.Context, p models.Principal) (dto.Export, error)
}
