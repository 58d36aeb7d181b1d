package postgres

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"gofiber-auth/domain"
)

// canonicalID returns id as it is stored, and false where it is no UUID: then nothing has
// it, and PostgreSQL need not be asked (it would complain).
func canonicalID(id string) (string, bool) {
	if len(id) != 36 { // uuid.Parse takes other spellings too
		return "", false
	}
	u, err := uuid.Parse(id)
	return u.String(), err == nil
}

// storable reports whether PostgreSQL can hold the text: UTF-8 without NUL.
func storable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsRune(text, 0)
}

// checkText returns domain.ErrValidation unless all texts can be stored.
func checkText(texts ...*string) error {
	for _, t := range texts {
		if t != nil && !storable(*t) {
			return domain.ErrValidation
		}
	}
	return nil
}

// cleanText makes a text storable that nobody types, such as a header of a request.
func cleanText(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}

// foldASCII is lower() of both databases. Letters beyond ASCII stay: the Kelvin sign is not a k.
func foldASCII(text string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, text)
}

// stored returns t as both databases keep it.
func stored(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

func storedPointer(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	s := stored(*t)
	return &s
}
