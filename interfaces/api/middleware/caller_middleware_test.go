package middleware

import "testing"

func TestLanguageOf(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]string{
		"": "", "th": "th", "th-TH,th;q=0.9,en;q=0.8": "th", "en-GB": "en", "de, th;q=0.5": "th", "de": "",
		"en;q=0.1, th;q=0.9": "th", "*": "", "nonsense!!": "", "\x00": "",
	} {
		if got := languageOf(accept); got != want {
			t.Errorf("languageOf(%q) = %q, want %q", accept, got, want)
		}
	}
}
