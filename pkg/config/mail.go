package config

import (
	"net"
	"net/mail"
	"net/url"
)

// Mail is how mails leave. Without a URL they go to the log in development, and nowhere else.
type Mail struct {
	URL  Secret // smtp:// or smtps://, with credentials
	From string // an address, with or without a name
}

// Breach is where passwords are looked for among stolen ones.
type Breach struct {
	URL    Secret // of the range endpoint; empty: nowhere
	Closed bool   // a password is refused while the endpoint does not answer
}

func (r *reader) mail(name string, frontend *url.URL) Mail {
	m := Mail{From: r.text("MAIL_FROM", "")}
	if u := r.url("SMTP_URL", "", "smtp", "smtps"); u != nil {
		m.URL = Secret(u.String())
	}
	if m.From == "" {
		host := "localhost"
		if frontend != nil && net.ParseIP(frontend.Hostname()) == nil {
			host = frontend.Hostname()
		}
		m.From = (&mail.Address{Name: name, Address: "no-reply@" + host}).String()
	} else if _, err := mail.ParseAddress(m.From); err != nil {
		r.fault("MAIL_FROM", "must be an e-mail address, with or without a name")
	}
	return m
}
