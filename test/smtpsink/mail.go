package smtpsink

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// Mail is a mail that came.
type Mail struct {
	From, To   string // of the envelope
	Header     mail.Header
	Subject    string // decoded
	Text, HTML string
	TLS        bool
	Raw        []byte
}

// read takes a mail apart. It must be multipart/alternative with a text and an HTML part.
func read(r io.Reader) (Mail, error) {
	message, err := mail.ReadMessage(r)
	if err != nil {
		return Mail{}, err
	}
	m := Mail{Header: message.Header}
	if m.Subject, err = new(mime.WordDecoder).DecodeHeader(message.Header.Get("Subject")); err != nil {
		return Mail{}, err
	}
	kind, params, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		return Mail{}, errors.New("not multipart/alternative")
	}
	parts := multipart.NewReader(message.Body, params["boundary"])
	for {
		p, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return m, nil
		}
		if err != nil {
			return Mail{}, err
		}
		var body io.Reader = p
		if strings.EqualFold(p.Header.Get("Content-Transfer-Encoding"), "quoted-printable") {
			body = quotedprintable.NewReader(p)
		}
		content, err := io.ReadAll(body)
		if err != nil {
			return Mail{}, err
		}
		switch kind, params, _ := mime.ParseMediaType(p.Header.Get("Content-Type")); {
		case !strings.EqualFold(params["charset"], "utf-8"):
			return Mail{}, errors.New("a part is not in UTF-8")
		case kind == "text/plain":
			m.Text = strings.ReplaceAll(string(content), "\r\n", "\n")
		case kind == "text/html":
			m.HTML = string(content)
		}
	}
}

var linkPattern = regexp.MustCompile(`https?://\S+`)

// Link returns the only link of the mail's text.
func (m Mail) Link(t testing.TB) *url.URL {
	t.Helper()
	links := linkPattern.FindAllString(m.Text, -1)
	if len(links) != 1 {
		t.Fatalf("the links are %q, want one", links)
	}
	u, err := url.Parse(links[0])
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// Token returns the token in the mail's link.
func (m Mail) Token(t testing.TB) string {
	t.Helper()
	token := m.Link(t).Query().Get("token")
	if len(token) != 43 {
		t.Fatalf("the token has %d characters, want 43", len(token))
	}
	return token
}
