package handlers

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"

	"gofiber-auth/domain"
)

// Cursors makes the opaque cursors of paged lists: where a page ended, under a MAC, so
// that a forged one is told from one that was given out.
type Cursors struct{ key []byte }

const cursorMAC = 16 // bytes: 128 bits are past forging

// NewCursors returns the Cursors of the list of that name. The key is derived from secret, so
// that every instance that shares the secret reads them.
func NewCursors(secret []byte, list string) Cursors {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("cursors of " + list))
	return Cursors{key: mac.Sum(nil)}
}

// Seal returns the cursor of the page that begins after what id tells.
func (c Cursors) Seal(id string) string {
	return base64.RawURLEncoding.EncodeToString(append(c.mac(id), id...))
}

// Open returns what the cursor of a page was sealed with; an empty cursor is the beginning.
func (c Cursors) Open(cursor string) (string, *domain.FieldError) {
	if cursor == "" {
		return "", nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(raw) <= cursorMAC || !hmac.Equal(raw[:cursorMAC], c.mac(string(raw[cursorMAC:]))) {
		return "", &domain.FieldError{Field: "cursor", Code: "format", Message: "is not a cursor that was given out here"}
	}
	return string(raw[cursorMAC:]), nil
}

func (c Cursors) mac(id string) []byte {
	mac := hmac.New(sha256.New, c.key)
	mac.Write([]byte(id))
	return mac.Sum(nil)[:cursorMAC]
}
