package simulator_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// keepsSecrets looks for everything secret that went through the service in what it has
// logged and measured.
func (w *world) keepsSecrets(t *testing.T) {
	t.Helper()
	places := map[string]string{"log": w.Output()}
	select {
	case <-w.Exited:
	default:
		res, err := http.Get(w.base + "/metrics")
		if err != nil {
			t.Errorf("metrics: %v", err)
			return
		}
		defer res.Body.Close()
		text := new(strings.Builder)
		if err := res.Write(text); err != nil {
			t.Errorf("metrics: %v", err)
			return
		}
		places["metrics"] = text.String()
	}
	secrets := w.Secrets()
	for place, text := range places {
		for _, found := range find(text, secrets) {
			t.Errorf("there is the %s in the %s: …%s…", found.what, place, text[max(0, found.at-200):min(len(text), found.at+200)])
		}
	}
}

// finding is a secret that stands where it must not.
type finding struct {
	what string
	at   int
}

// find looks for secrets in a text, however they are spelt. It goes through the text once,
// since there are thousands of them: each is known by how it begins.
func find(text string, secrets map[string]string) []finding {
	text = strings.Map(lower, text)
	begun := map[string][]string{}
	whats := map[string]string{}
	for secret, what := range secrets {
		for _, form := range []string{secret, url.QueryEscape(secret)} {
			form = strings.Map(lower, form)
			if whats[form] == "" {
				whats[form] = what
				begun[form[:8]] = append(begun[form[:8]], form)
			}
		}
	}
	var all []finding
	for i := range max(0, len(text)-8) {
		for _, form := range begun[text[i:i+8]] {
			if strings.HasPrefix(text[i:], form) {
				all = append(all, finding{whats[form], i})
			}
		}
	}
	return all[:min(len(all), 5)]
}

// lower lowers ASCII, so that nothing moves.
func lower(r rune) rune {
	if 'A' <= r && r <= 'Z' {
		r += 'a' - 'A'
	}
	return r
}

// TestFind has find find what it looks for: else no test would notice a leak.
func TestFind(t *testing.T) {
	t.Parallel()
	secrets := map[string]string{"ada@example.com": "e-mail", "SECRETsecret": "secret", "not there": "nothing"}
	for text, want := range map[string]int{
		`{"a":"ada@example.com"}`: 1, "ADA@EXAMPLE.COM ": 1, "?e=ada%40example.com&": 1, "xsecretsecretx ada@example.com.": 2, "ada@example.org": 0, "": 0,
	} {
		if got := find(text, secrets); len(got) != want {
			t.Errorf("find(%q) = %v, want %d", text, got, want)
		}
	}
}
