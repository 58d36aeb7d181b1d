package middleware

import "testing"

func TestLanguageOf(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]string{
		"": "en", "th": "th", "th-TH,th;q=0.9,en;q=0.8": "th", "en-GB": "en", "de, th;q=0.5": "th", "de": "en",
		"en;q=0.1, th;q=0.9": "th", "*": "en", "nonsense!!": "en", "\x00": "en",
	} {
		if got := languageOf(accept); got != want {
			t.Errorf("languageOf(%q) = %q, want %q", accept, got, want)
		}
	}
}
