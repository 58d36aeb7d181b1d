package devidp

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
)

//go:embed assets/page.html
var pageHTML string

//go:embed assets/page.css
var pageCSS string

//go:embed assets/picture.svg
var pictureSVG []byte

const picturePath = "/picture.svg"

// pages is the consent page and the page of a fault. What it shows is escaped where it stands.
var pages = template.Must(template.New("page").Parse(pageHTML))

// policy lets a page use its own style and nothing else. It does not limit where forms lead:
// Chromium would apply that to the redirect to the application as well.
var policy = func() string {
	sum := sha256.Sum256([]byte(pageCSS))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; frame-ancestors 'none'"
}()

// page shows pages of a server that browsers find at a path.
type page struct{ path string }

func newPage(path string) *page { return &page{path: path} }

// view is what the templates show.
type view struct {
	Style    template.CSS
	Name     string // of the provider, for the style
	Provider string

	Fault string

	Action        string
	Request       string
	Application   string // the host that the person goes back to
	Scopes        []string
	People        []choice
	Other         string // the key of somebody who is typed
	Typed         typed
	Complaint     string
	TellsVerified bool
}

// choice is a test person as the page shows it.
type choice struct {
	Key   string
	Name  string
	Lang  string
	About string
	Note  string
	First bool
}

// consent asks a person. A complaint says what was wrong with the answer before.
func (pg *page) consent(w http.ResponseWriter, p *provider, q request, id string, t typed, complaint string) {
	v := pg.view(p)
	v.Action, v.Request = pg.path+"/"+p.name+"/consent", id
	if u, err := url.Parse(p.client.RedirectURL); err == nil {
		v.Application = u.Host
	}
	for _, s := range q.scopes {
		v.Scopes = append(v.Scopes, p.words(s))
	}
	for i, who := range people {
		v.People = append(v.People, choice{Key: who.key, Name: who.name, Lang: who.lang, About: about(who, v.TellsVerified), Note: who.note, First: i == 0})
	}
	v.Other, v.Typed, v.Complaint = keyOther, t, complaint
	status := http.StatusOK
	if complaint != "" {
		status = http.StatusUnprocessableEntity
	}
	show(w, status, "consent", v)
}

// fault tells a person what went wrong. The text holds nothing of the request.
func (pg *page) fault(w http.ResponseWriter, p *provider, status int, text string) {
	v := pg.view(p)
	v.Fault = text
	show(w, status, "fault", v)
}

func (*page) view(p *provider) view {
	return view{
		Style: template.CSS(pageCSS), //nolint:gosec // it is our own file
		Name:  p.name, Provider: p.title(), TellsVerified: p.tellsVerified(),
	}
}

func about(who person, tellsVerified bool) string {
	switch {
	case who.email == "":
		return "no e-mail address"
	case !tellsVerified:
		return who.email
	case who.verified:
		return who.email + ", verified"
	default:
		return who.email + ", not verified"
	}
}

func show(w http.ResponseWriter, status int, name string, v view) {
	var body bytes.Buffer
	if err := pages.ExecuteTemplate(&body, name, v); err != nil {
		http.Error(w, "the page cannot be shown", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	secure(h)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", "en")
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // the browser has gone
}

// secure sets the headers of whatever a browser sees.
func secure(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
}

// servePicture is the picture of everybody who has one.
func servePicture(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	secure(h)
	h.Set("Content-Type", "image/svg+xml")
	h.Set("Cache-Control", "public, max-age=3600")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	_, _ = w.Write(pictureSVG)
}
