// Package sealing hides how what must not be read where it is kept is encrypted.
package sealing

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"gofiber-auth/domain/services"
)

const (
	version = "v1" // of the form of sealed text
	keySize = 32   // AES-256
)

// What Open says of text that it cannot open. None says anything of what the text holds.
var (
	ErrForm       = errors.New("not sealed text, or of a form that this version does not know")
	ErrUnknownKey = errors.New("sealed under a key that is not among those set")
	ErrForged     = errors.New("not what was sealed for this place, or changed since")
)

// encoding has one text for each value.
var encoding = base64.RawURLEncoding.Strict()

// Sealer seals with AES-256-GCM. It may be used by many at once.
//
// Sealed text is v1.<key id>.<base64url of nonce and ciphertext>. Version, key id and context
// are authenticated with it. Each text has a random nonce of 96 bits, with which NIST SP 800-38D
// (section 8.3) lets one key seal 2^32 texts: 40 a second for three years. Who seals more changes
// the key that much more often.
type Sealer struct {
	current key
	keys    map[string]key // by their ids
}

var _ services.TokenSealer = (*Sealer)(nil)

type key struct {
	id   string
	aead cipher.AEAD // puts a random nonce before what it seals
}

// New returns a sealer that seals with the first of the keys and opens with all of them. A key
// is 32 random bytes.
func New(keys ...[]byte) (*Sealer, error) {
	if len(keys) == 0 {
		return nil, errors.New("sealing needs a key")
	}
	s := &Sealer{keys: map[string]key{}}
	for i, secret := range keys {
		k, err := newKey(secret)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			s.current = k
		}
		s.keys[k.id] = k
	}
	return s, nil
}

func newKey(secret []byte) (key, error) {
	if len(secret) != keySize {
		return key{}, fmt.Errorf("a key for sealing has %d bytes, not %d", keySize, len(secret))
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return key{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return key{keyID(secret), aead}, err
}

// keyID names a key in what is sealed with it, and tells nothing of the key.
func keyID(secret []byte) string {
	sum := sha256.Sum256(append([]byte("gofiber-auth sealing key id\x00"), secret...))
	return hex.EncodeToString(sum[:8])
}

// associated is what is authenticated with a text. Neither version nor key id has a dot in it,
// so that no two triples are the same bytes.
func (k key) associated(context string) []byte { return []byte(k.prefix() + context) }

func (k key) prefix() string { return version + "." + k.id + "." }

// Seal returns ASCII text that Open opens for the same context alone.
func (s *Sealer) Seal(plaintext []byte, context string) string {
	k := s.current
	ciphertext := k.aead.Seal(nil, nil, plaintext, k.associated(context)) //nolint:gosec // the nonce is random, and k.aead's own
	return k.prefix() + encoding.EncodeToString(ciphertext)
}

// Open returns ErrForm, ErrUnknownKey or ErrForged.
func (s *Sealer) Open(sealed, context string) ([]byte, error) {
	v, rest, _ := strings.Cut(sealed, ".")
	id, text, ok := strings.Cut(rest, ".")
	if v != version || !ok || strings.ContainsAny(text, "\r\n") { // which the decoder would pass over
		return nil, ErrForm
	}
	k, ok := s.keys[id]
	if !ok {
		return nil, ErrUnknownKey
	}
	ciphertext, err := encoding.DecodeString(text)
	if err != nil {
		return nil, ErrForm
	}
	plaintext, err := k.aead.Open(nil, nil, ciphertext, k.associated(context))
	if err != nil {
		return nil, ErrForged
	}
	return plaintext, nil
}

// IsCurrent goes by the key id, without opening the text.
func (s *Sealer) IsCurrent(sealed string) bool { return strings.HasPrefix(sealed, s.current.prefix()) }
