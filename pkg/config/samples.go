package config

import (
	"bytes"
	"strings"
)

// samplePhrases are what documentation and examples put in place of a secret.
var samplePhrases = []string{"changeme", "your-secret", "your-256-bit", "change-in-production"}

// leastBytes is how many different bytes a secret has: random ones of 16 bytes have more.
const leastBytes = 8

// unsampled adds a fault where the value is a sample rather than a secret, and reports whether it is
// none.
func (r *reader) unsampled(name, value string) bool {
	switch {
	case hasSamplePhrase(value):
		r.fault(name, "must not be a sample: make one with openssl rand")
	case value != "" && differentBytes(value) < leastBytes:
		r.fault(name, "must have at least %d different bytes: make one with openssl rand", leastBytes)
	default:
		return true
	}
	return false
}

func hasSamplePhrase(value string) bool {
	value = strings.ToLower(value)
	for _, phrase := range samplePhrases {
		if strings.Contains(value, phrase) {
			return true
		}
	}
	return false
}

func differentBytes(value string) int {
	var seen []byte
	for _, b := range []byte(value) {
		if bytes.IndexByte(seen, b) < 0 {
			seen = append(seen, b)
		}
	}
	return len(seen)
}
