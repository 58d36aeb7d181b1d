// Package hashing hides how passwords become hashes (bcrypt over a keyed digest,
// docs/adr/0001) and where that work is done (a bounded pool of low priority, docs/adr/0002).
package hashing

import (
	"crypto/hmac"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/text/unicode/norm"
)

// prefix marks a hash of this scheme; a bcrypt hash of the digest follows it.
const prefix = "$nfc-hmac-sha384"

// digestKey is no secret. It makes the digests those of this scheme alone: a list of
// SHA-384 password digests that leaked elsewhere cannot be tried against our hashes.
var digestKey = []byte("gofiber-auth password digest v1")

// The costs at which hashes are verified. One more doubles the time, so a hash of cost 31
// that found its way into the database would hold a worker for days.
const (
	minCost = bcrypt.MinCost
	maxCost = 15
)

// scheme makes hashes of one cost and knows those of others.
type scheme struct {
	cost    int
	compare func(hash, secret []byte) error // bcrypt's, constant-time; tests count its work
}

func newScheme(cost int) scheme {
	return scheme{cost: cost, compare: bcrypt.CompareHashAndPassword}
}

// hash returns a new hash of password, of 76 bytes.
func (s scheme) hash(password string) (string, error) {
	h, err := bcrypt.GenerateFromPassword(digest(password), s.cost)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return prefix + string(h), nil
}

// verify reports whether password made hash, and whether hash is of another scheme or cost
// than today's. A mismatch takes as long for every hash, an empty or malformed one
// included, unless the hash costs more than today's.
func (s scheme) verify(hash, password string) (ok, stale bool) {
	secret := digest(password)
	core, own := strings.CutPrefix(hash, prefix)
	cost, err := parseBcrypt(core)
	if err != nil {
		_ = s.compare(decoy(s.cost), secret)
		return false, false
	}
	if !own {
		// Imported: the bytes as typed, because the other system knew no NFC.
		secret = []byte(password)
	}
	ok = s.compare([]byte(core), secret) == nil
	if !own && strings.ContainsRune(password, 0) {
		// bcrypt repeats key and NUL to 72 bytes, which makes "ab" and "ab\x00ab" one password.
		ok = false
	}
	if !ok {
		// 2^cost rounds are done; these bring them to 2^s.cost.
		for c := cost; c < s.cost; c++ {
			_ = s.compare(decoy(c), secret)
		}
		return false, false
	}
	return true, !own || cost != s.cost
}

// digest turns a password of any length and script into 64 bytes that bcrypt takes whole:
// it stops at 72, and at a NUL, which base64 has none of. NFC comes first, because one
// keyboard sends é as one code point and another as two.
func digest(password string) []byte {
	mac := hmac.New(sha512.New384, digestKey)
	mac.Write([]byte(norm.NFC.String(password)))
	return base64.RawStdEncoding.AppendEncode(nil, mac.Sum(nil))
}
