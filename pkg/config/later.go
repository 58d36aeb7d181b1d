package config

import (
	"net/mail"
	"slices"
	"time"
)

// later checks the variables of the parts that this version does not have yet and returns
// those that are set. A deployment's settings can so be written once, and a fault in them
// is told at once.
func (r *reader) later() []string {
	var set []string
	getenv := r.getenv
	defer func() { r.getenv = getenv }()
	r.getenv = func(name string) string {
		v := getenv(name)
		if v != "" {
			set = append(set, name)
		}
		return v
	}
	r.boolean("REFRESH_COOKIE", false)
	r.duration("AUDIT_RETENTION", 4320*time.Hour, time.Hour)
	r.url("BREACH_CHECK_URL", "", "http", "https")
	r.oneOf("BREACH_CHECK_FAIL", "open", "open", "closed")
	r.boolean("RATE_LIMIT_ENABLED", true)
	r.url("SMTP_URL", "", "smtp", "smtps")
	if from := r.text("MAIL_FROM", ""); from != "" {
		if _, err := mail.ParseAddress(from); err != nil {
			r.fault("MAIL_FROM", "must be an e-mail address, with or without a name")
		}
	}
	slices.Sort(set)
	return slices.Compact(set)
}
