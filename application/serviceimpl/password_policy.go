package serviceimpl

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// A password has 8 to 128 code points after NFC. There are no composition rules: NIST SP
// 800-63B section 3.1.1.2 and OWASP ASVS 5 section 6.2 advise against them.
const (
	minPassword = 8
	maxPassword = 128
	// minIdentity is how long a name must be for a password not to contain it: "al" is in too
	// many good passwords.
	minIdentity = 4
)

// password checks a new password of the user with the given names; a field that is missing
// altogether is for the required rule to tell.
func (f *faults) password(field, password, username, email string) {
	if password == "" {
		return
	}
	normal := norm.NFC.String(password)
	length := utf8.RuneCountInString(normal)
	localPart, _, _ := strings.Cut(email, "@")
	switch {
	// U+FFFD is what the JSON decoder makes of broken characters: with it in, two different
	// passwords would be the same.
	case strings.ContainsAny(normal, "\x00\uFFFD") || !utf8.ValidString(normal):
		f.add(field, "format")
	case length < minPassword:
		f.add(field, "too_short")
	case length > maxPassword:
		f.add(field, "too_long")
	case isCommonPassword(normal):
		f.add(field, "common_password")
	case containsFold(normal, username), containsFold(normal, localPart):
		f.add(field, "contains_identity")
	}
}

// containsFold reports whether name is long enough to matter and stands in password, in any case.
func containsFold(password, name string) bool {
	return utf8.RuneCountInString(name) >= minIdentity &&
		strings.Contains(strings.ToLower(password), strings.ToLower(name))
}
