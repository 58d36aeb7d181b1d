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
	for secret, what := range w.Secrets() {
		for place, text := range places {
			for _, form := range []string{secret, url.QueryEscape(secret)} {
				if i := strings.Index(strings.ToLower(text), strings.ToLower(form)); i >= 0 {
					t.Errorf("there is the %s in the %s: …%s…", what, place, text[max(0, i-200):min(len(text), i+200)])
					break
				}
			}
		}
	}
}
