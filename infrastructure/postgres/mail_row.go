package postgres

import (
	"encoding/json"
	"time"

	"gofiber-auth/domain/models"
)

// mailRow is a row of mails.
type mailRow struct {
	ID        string `gorm:"primaryKey"`
	Kind      string
	UserID    *string
	Recipient string
	Language  string
	RequestID string
	CreatedAt time.Time `gorm:"autoCreateTime:false"`
	Attempts  int
	Refusals  int
	Detail    string

	RegistrationID *string
	Unproved       bool
}

func (mailRow) TableName() string { return "mails" }

// mailColumns is the columns of mails m that a mailRow holds.
const mailColumns = "m.id, m.kind, m.user_id, m.recipient, m.language, m.request_id, m.created_at, m.attempts, m.refusals, m.detail, m.registration_id, m.unproved"

func (r *mailRow) model() models.Mail {
	m := models.Mail{
		ID: r.ID, Kind: models.MailKind(r.Kind), To: r.Recipient, Language: r.Language, RequestID: r.RequestID,
		CreatedAt: stored(r.CreatedAt), Attempts: r.Attempts, Refusals: r.Refusals, Unproved: r.Unproved,
	}
	if r.UserID != nil {
		m.UserID = *r.UserID
	}
	if r.RegistrationID != nil {
		m.RegistrationID = *r.RegistrationID
	}
	if r.Detail != "" {
		_ = json.Unmarshal([]byte(r.Detail), &m.Detail) // what Append wrote
	}
	return m
}

// mailTokenRow is a row of mail_tokens.
type mailTokenRow struct {
	Hash      []byte `gorm:"primaryKey"`
	Purpose   string
	UserID    string
	Email     string
	ExpiresAt time.Time
}

func (mailTokenRow) TableName() string { return "mail_tokens" }

func (r *mailTokenRow) model() models.MailToken {
	return models.MailToken{
		Hash: r.Hash, Purpose: models.MailKind(r.Purpose), UserID: r.UserID, Email: r.Email, ExpiresAt: stored(r.ExpiresAt),
	}
}
