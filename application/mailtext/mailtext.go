// Package mailtext says in words what the service's mails say, in English and Thai.
package mailtext

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/url"
	"strings"
	texttemplate "text/template"
	"time"

	"gofiber-auth/domain/models"
	"gofiber-auth/domain/services"
)

//go:embed templates
var files embed.FS

var (
	htmlMail = template.Must(template.ParseFS(files, "templates/mail.html"))
	textMail = texttemplate.Must(texttemplate.ParseFS(files, "templates/mail.txt"))
)

// letter is what a mail says. A button leads to the link.
type letter struct {
	subject string
	heading string
	before  []string
	button  string
	after   []string
}

// facts is what the texts name. A stranger chooses none of it: a stranger's words in a mail of
// this service would be believed.
type facts struct {
	app  string
	home string // where the front end is
	when time.Time

	provider string // as people know it; empty where there is none
	device   string // one of a fixed list of texts, or empty
	network  string // an address
	role     string
}

// language is all that is said in one language.
type language struct {
	letters map[models.MailKind]func(f facts) letter
	footer  func(f facts) string
}

var languages = map[string]language{"en": english, "th": thai}

// Texts writes mails for one service.
type Texts struct {
	app      string
	frontend *url.URL
}

// New returns Texts in the name of app, with links to the front end alone.
func New(app string, frontend *url.URL) *Texts { return &Texts{app: app, frontend: frontend} }

// linkTo is the page of the front end that a mail's link leads to.
var linkTo = map[models.MailKind]string{
	models.MailVerify:             "verify-email",
	models.MailVerifyPending:      "verify-email",
	models.MailVerifyRegistration: "verify-email",
	models.MailReset:              "reset-password",
}

// view is what the templates show.
type view struct {
	Language string
	App      string
	Subject  string
	Heading  string
	Before   []string
	Button   string
	Link     string
	After    []string
	Footer   string
}

// Compose writes a mail in its language, with the token where it needs one.
func (t *Texts) Compose(m models.Mail, token string) (services.MailMessage, error) {
	code := m.Language
	in, ok := languages[code]
	if !ok {
		code, in = "en", english
	}
	write, ok := in.letters[m.Kind]
	if !ok {
		return services.MailMessage{}, fmt.Errorf("there are no words for a mail of the kind %q", m.Kind)
	}
	f := facts{
		app: t.app, home: t.frontend.String(), when: m.CreatedAt.UTC(), provider: models.ProviderName(m.Detail[models.MailProvider]),
		device: m.Detail[models.MailDevice], network: m.Detail[models.MailNetwork], role: m.Detail[models.MailRole],
	}
	l := write(f)
	v := view{
		Language: code, App: t.app, Subject: l.subject, Heading: l.heading, Before: l.before, Button: l.button, After: l.after, Footer: in.footer(f),
	}
	if page := linkTo[m.Kind]; page != "" {
		link := t.frontend.JoinPath("auth", page)
		link.RawQuery = url.Values{"token": {token}}.Encode()
		v.Link = link.String()
	}
	var text, html bytes.Buffer
	if err := textMail.Execute(&text, v); err != nil {
		return services.MailMessage{}, err
	}
	if err := htmlMail.Execute(&html, v); err != nil {
		return services.MailMessage{}, err
	}
	return services.MailMessage{To: m.To, Subject: l.subject, Text: strings.TrimSpace(text.String()) + "\n", HTML: html.String()}, nil
}
