package problem

import "regexp"

// Causes are written by drivers and libraries, and some quote what they choked on. These are
// the shapes of what no log line may hold.
var (
	emails = regexp.MustCompile(`[^\s"'<>()=:,]+@[^\s"'<>()=:,]+`) // also user:password@host of a URL
	bearer = regexp.MustCompile(`(?i)\bbearer\s+\S+`)
	jwts   = regexp.MustCompile(`\beyJ[\w-]+(\.[\w-]*)*`)
)

// Scrub returns the text of a cause without e-mail addresses and tokens.
func Scrub(text string) string {
	text = bearer.ReplaceAllLiteralString(text, "[token]")
	text = jwts.ReplaceAllLiteralString(text, "[token]")
	return emails.ReplaceAllLiteralString(text, "[address]")
}
