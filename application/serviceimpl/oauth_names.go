package serviceimpl

import (
	"crypto/rand"
	"encoding/hex"
	"strings"
)

const (
	maxUsername    = 50
	maxDisplayName = 100 // characters
)

// generatedUsername returns a username made of an e-mail address: what of its local part a
// username may have, and 8 random hex digits that make it unique.
func generatedUsername(email string) string {
	local, _, _ := strings.Cut(email, "@")
	name := strings.Map(func(r rune) rune {
		if isAlphanumeric(r) || r == '.' || r == '_' || r == '-' {
			return r
		}
		return -1
	}, local)
	name = strings.TrimLeftFunc(name, func(r rune) bool { return !isAlphanumeric(r) })
	if name == "" {
		name = "user"
	}
	suffix := make([]byte, 4)
	_, _ = rand.Read(suffix) // it never fails: crypto/rand ends the process instead
	tail := "_" + hex.EncodeToString(suffix)
	return name[:min(len(name), maxUsername-len(tail))] + tail // ASCII: bytes are characters
}

func isAlphanumeric(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}

// displayNameOf returns the name that a provider gives as a display name may be, or nil.
func displayNameOf(name string) *string {
	name = strings.TrimSpace(strings.Map(func(r rune) rune {
		if isUnseen(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, "")))
	if runes := []rune(name); len(runes) > maxDisplayName {
		name = strings.TrimSpace(string(runes[:maxDisplayName]))
	}
	if !isDisplayName(name) {
		return nil
	}
	return &name
}

// avatarOf returns the address of a picture that a provider gives as an avatar may be, or nil.
func avatarOf(picture string) *string {
	if validate.Var(picture, "avatar") != nil {
		return nil
	}
	return &picture
}

// isEmail reports whether an account can have the address.
func isEmail(email string) bool { return validate.Var(email, "email_address") == nil }
