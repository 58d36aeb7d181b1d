package devidp

import (
	"crypto/sha256"
	"net/mail"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// person is somebody who may log in.
type person struct {
	key      string
	name     string
	lang     string // of the name
	email    string // empty for somebody without one
	verified bool   // whether the address is proved; only Google tells
	picture  bool
	note     string // for the consent page
	seed     string // what the subjects are derived from
}

// people is the test people.
var people = []person{
	{key: "ada", name: "Ada Lovelace", lang: "en", email: "ada@example.com", verified: true, picture: true},
	{key: "grace", name: "Grace Hopper", lang: "en", email: "grace@example.com"},
	{key: "linus", name: "Linus Quiet", lang: "en"},
	{key: "somchai", name: "สมชาย ใจดี", lang: "th", email: "somchai@example.com", verified: true, picture: true, note: "Somchai Jaidee, in Thai letters"},
	{key: "mallory", name: "Mallory Malicious", lang: "en", email: "ada@example.com", note: "claims Ada's address"},
}

// keyOther is the key of a person who was typed.
const keyOther = "other"

// typed is what somebody typed to be a person of their own.
type typed struct {
	Name     string
	Email    string
	Verified bool
}

// choose returns the person of a key, or a complaint for people.
func choose(key string, t typed) (person, string) {
	if key == keyOther {
		return t.person()
	}
	i := slices.IndexFunc(people, func(p person) bool { return p.key == key })
	if i < 0 {
		return person{}, "Please choose a person."
	}
	p := people[i]
	p.seed = "known\x00" + p.key
	return p, ""
}

// person returns who was typed: the same name and address are the same person.
func (t typed) person() (person, string) {
	name, email := strings.Join(strings.Fields(t.Name), " "), strings.TrimSpace(t.Email)
	switch {
	case name == "":
		return person{}, "Please type a name."
	case utf8.RuneCountInString(name) > 100 || !isPlain(name):
		return person{}, "Please type a name of at most 100 letters."
	case email != "" && !isEmail(email):
		return person{}, "Please type an e-mail address such as joan@example.com, or none."
	}
	return person{key: keyOther, name: name, email: email, verified: t.Verified && email != "", seed: "typed\x00" + name + "\x00" + email}, ""
}

func isEmail(text string) bool {
	a, err := mail.ParseAddress(text)
	return err == nil && a.Address == text && len(text) <= 254 && isPlain(text)
}

func isPlain(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsGraphic(r) })
}

// digest returns what a person's subject at a provider is made of: always the same, and another
// one at every provider.
func (p person) digest(provider string) [sha256.Size]byte {
	return sha256.Sum256([]byte(provider + "\x00" + p.seed))
}

// given and family split a name as people write it in Europe.
func (p person) given() string {
	given, _, _ := strings.Cut(p.name, " ")
	return given
}

func (p person) family() string {
	_, family, _ := strings.Cut(p.name, " ")
	return family
}
