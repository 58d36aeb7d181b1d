package client

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
)

// TestSecretsAreFound: else no test would notice a leak.
func TestSecretsAreFound(t *testing.T) {
	t.Parallel()
	var s secrets
	const token, other = "Zm9vYmFyLWZvb2Jhci1mb29iYXItZm9vYmFyLTEyMw", "another token with spaces"
	s.Add("token", token, other, "short")
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		token, "x" + strings.ToUpper(token) + "x", "bearer=" + other + "&", hex.EncodeToString(raw), hex.EncodeToString([]byte(token)), base64.StdEncoding.EncodeToString([]byte(token)),
	} {
		if len(s.Found(text)) != 1 {
			t.Errorf("nothing is found in %q", text)
		}
	}
	if found := s.Found("a short text " + token[1:] + " " + other[:20]); found != nil {
		t.Errorf("%v is found in a text without secrets", found)
	}
}
