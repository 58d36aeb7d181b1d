package oauth

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"unicode"

	"gofiber-auth/domain/models"
)

// object is a JSON object. Names are exact: encoding/json would let a struct's field be filled
// from a name in other letters.
type object map[string]any

var (
	errNoObject   = errors.New("the answer is not a JSON object")
	errNoSubject  = errors.New("there is no subject that is a text")
	errBadSubject = errors.New("the subject is too long, or no text to keep")
)

func parseObject(body []byte) (object, error) {
	var o object
	if err := json.Unmarshal(body, &o); err != nil || o == nil {
		return nil, errNoObject // the decoder's error may quote
	}
	return o, nil
}

// text returns a member that is a text, else nothing.
func (o object) text(name string) string {
	text, _ := o[name].(string)
	return text
}

// shown returns a text for people to read, without what cannot be seen.
func (o object) shown(name string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, o.text(name)))
}

// picture returns the address of one, if a browser should load it.
func (o object) picture(name string) string {
	text := o.text(name)
	if u, err := url.Parse(text); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return text
}

// subject returns the member that names the person at the provider: the key of the identity.
func (o object) subject(name string) (string, error) {
	subject := o.text(name)
	switch {
	case strings.TrimSpace(subject) == "":
		return "", errNoSubject
	case len(subject) > models.MaxSubject,
		// Whatever was not Unicode has become U+FFFD, and two subjects would become one.
		strings.ContainsAny(subject, "\x00\uFFFD"):
		return "", errBadSubject
	}
	return subject, nil
}
