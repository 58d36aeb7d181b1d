package mail

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"sync"
	"time"

	"gofiber-auth/domain/services"
)

// boxSize is how many mails a Box keeps, the newest.
const boxSize = 100

//go:embed assets/box.html
var boxHTML string

//go:embed assets/box.css
var boxCSS string

var boxPage = template.Must(template.New("box").Parse(boxHTML))

// boxPolicy lets the page use its own style, and the mails in it theirs, which is in attributes.
// Nothing in a mail can run or fetch anything.
var boxPolicy = func() string {
	sum := sha256.Sum256([]byte(boxCSS))
	return "default-src 'none'; style-src-elem 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; style-src-attr 'unsafe-inline'; " +
		"frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}()

// Box keeps mails in memory instead of sending them, and logs them. It shows everybody who asks
// the tokens of all users: it is for development alone.
type Box struct {
	log *slog.Logger
	now func() time.Time

	mu    sync.Mutex
	mails []boxed // the oldest first
}

var _ services.Mailer = (*Box)(nil)

// boxed is a mail as programs get it.
type boxed struct {
	At      time.Time `json:"at"`
	To      string    `json:"to"`
	Subject string    `json:"subject"`
	Text    string    `json:"text"`
	HTML    string    `json:"html"`
}

// NewBox returns an empty box.
func NewBox(log *slog.Logger, now func() time.Time) *Box { return &Box{log: log, now: now} }

// Send implements services.Mailer. It does not fail.
func (b *Box) Send(ctx context.Context, m services.MailMessage) error {
	b.log.InfoContext(ctx, "a mail, which without SMTP_URL is shown here and at /dev/mail only", "to", m.To, "subject", m.Subject, "text", m.Text)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mails = append(b.mails, boxed{At: b.now(), To: m.To, Subject: m.Subject, Text: m.Text, HTML: m.HTML})
	b.mails = slices.Clone(b.mails[max(0, len(b.mails)-boxSize):])
	return nil
}

// newest returns the mails, the newest first.
func (b *Box) newest() []boxed {
	b.mu.Lock()
	defer b.mu.Unlock()
	mails := slices.Clone(b.mails)
	slices.Reverse(mails)
	return mails
}

// ServeHTTP answers GET with a page or, for ?format=json, with {"mails": […]}.
func (b *Box) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", boxPolicy)
	var (
		body bytes.Buffer
		err  error
	)
	if r.URL.Query().Get("format") == "json" {
		h.Set("Content-Type", "application/json")
		mails := b.newest()
		if mails == nil {
			mails = []boxed{}
		}
		err = json.NewEncoder(&body).Encode(map[string][]boxed{"mails": mails})
	} else {
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Language", "en")
		err = boxPage.Execute(&body, b.page())
	}
	if err != nil {
		http.Error(w, "the mails cannot be shown", http.StatusInternalServerError)
		return
	}
	_, _ = w.Write(body.Bytes()) // the browser has gone
}

// boxView is what the page shows.
type boxView struct {
	Style template.CSS
	Mails []shown
}

type shown struct {
	boxed

	When  string
	Parts []textPart
}

// textPart is a piece of a mail's text; a link is to be clicked.
type textPart struct {
	Text   string
	IsLink bool
}

func (b *Box) page() boxView {
	v := boxView{Style: template.CSS(boxCSS)} //nolint:gosec // it is our own file
	for _, m := range b.newest() {
		v.Mails = append(v.Mails, shown{boxed: m, When: m.At.UTC().Format("2006-01-02 15:04:05 UTC"), Parts: partsOf(m.Text)})
	}
	return v
}

var linkPattern = regexp.MustCompile(`https?://[^\s<>"]+`)

func partsOf(text string) (parts []textPart) {
	at := 0
	for _, place := range linkPattern.FindAllStringIndex(text, -1) {
		parts = append(parts, textPart{Text: text[at:place[0]]}, textPart{Text: text[place[0]:place[1]], IsLink: true})
		at = place[1]
	}
	return append(parts, textPart{Text: text[at:]})
}
