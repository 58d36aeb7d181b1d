package oauth

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"slices"
	"time"
)

// clockSkew is how far ahead a provider's clock may be.
const clockSkew = 60 * time.Second

var (
	errIssuer    = errors.New("id_token: iss is not the provider")
	errAudience  = errors.New("id_token: aud is not this client")
	errParty     = errors.New("id_token: azp is not this client")
	errExpiry    = errors.New("id_token: exp is no time")
	errExpired   = errors.New("id_token: it has expired")
	errEarly     = errors.New("id_token: iat or nbf is no time, or is yet to come")
	errNonce     = errors.New("id_token: nonce is not that of this log-in")
	errTokenHash = errors.New("id_token: at_hash is not that of the access token")
)

// check returns what is wrong with the claims of a genuine token.
func (v *idTokens) check(c object, accessToken, nonce string) error {
	now := v.now()
	if !slices.Contains(v.issuers, c.text("iss")) {
		return errIssuer
	}
	if err := v.checkAudience(c); err != nil {
		return err
	}
	ends, ok := c.date("exp")
	if !ok {
		return errExpiry
	}
	if !now.Before(ends) {
		return errExpired
	}
	for _, name := range []string{"iat", "nbf"} {
		if _, has := c[name]; !has {
			continue
		}
		if at, ok := c.date(name); !ok || at.After(now.Add(clockSkew)) {
			return errEarly
		}
	}
	if nonce == "" || !equal(c.text("nonce"), nonce) {
		return errNonce
	}
	if _, has := c["at_hash"]; has && !equal(c.text("at_hash"), halfHash(accessToken)) {
		return errTokenHash
	}
	return nil
}

// checkAudience takes a token that is for this client alone. One that others may have been
// given, too, could have come from them (OpenID Connect Core section 3.1.3.7, no. 3).
func (v *idTokens) checkAudience(c object) error {
	switch audience := c["aud"].(type) {
	case string:
		if audience != v.clientID {
			return errAudience
		}
	case []any:
		if len(audience) != 1 || audience[0] != any(v.clientID) {
			return errAudience
		}
	default:
		return errAudience
	}
	if _, has := c["azp"]; has && c.text("azp") != v.clientID {
		return errParty
	}
	return nil
}

// date returns a member that is a time: seconds since 1970, within what a number holds exactly.
func (o object) date(name string) (time.Time, bool) {
	seconds, ok := o[name].(float64)
	if !ok || seconds < 0 || seconds > 1<<53 {
		return time.Time{}, false
	}
	return time.Unix(int64(seconds), 0), true
}

// halfHash is at_hash for the algorithms with SHA-256, which all that are taken here are.
func halfHash(accessToken string) string {
	sum := sha256.Sum256([]byte(accessToken))
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}

// equal compares in a time that does not tell how much of it is equal.
func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
