package middleware

import (
	"github.com/gofiber/fiber/v2"
	"golang.org/x/text/language"

	"gofiber-auth/pkg/contextutil"
)

// languages are those that texts for people are written in; the first is the default.
var (
	languages = []string{"en", "th"}
	matcher   = language.NewMatcher([]language.Tag{language.English, language.Thai})
)

// Caller puts into c.UserContext() where the request came from, for what is written down of it.
// It comes after NewClientAddress; Authenticate adds who makes the request.
func Caller() fiber.Handler {
	return func(c *fiber.Ctx) error {
		client := ClientOf(c)
		c.SetUserContext(contextutil.WithCaller(c.UserContext(), contextutil.Caller{
			IP: client.IP, UserAgent: client.UserAgent, Language: languageOf(c.Get(fiber.HeaderAcceptLanguage)),
		}))
		return c.Next()
	}
}

// longestAcceptLanguage is how much of Accept-Language is read, in bytes; no browser sends as much.
const longestAcceptLanguage = 256

// languageOf returns the language that suits an Accept-Language best (RFC 9110 section 12.5.4), or
// "" where none does.
func languageOf(accept string) string {
	if accept == "" || len(accept) > longestAcceptLanguage {
		return ""
	}
	wanted, _, err := language.ParseAcceptLanguage(accept)
	if err != nil {
		return ""
	}
	_, index, confidence := matcher.Match(wanted...)
	if confidence == language.No {
		return ""
	}
	return languages[index]
}
