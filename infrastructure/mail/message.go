package mail

import (
	"crypto/rand"
	"fmt"
	netmail "net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	gomail "github.com/wneessen/go-mail"

	"gofiber-auth/domain/services"
)

// longestLine is how long a line may be that is sent as it is (RFC 5322 section 2.1.1 allows 998).
const longestLine = 900

// message returns the mail in the library's form. Nothing in it can add a header.
func (s *SMTP) message(m services.MailMessage) (*gomail.Msg, error) {
	to, err := netmail.ParseAddress(m.To)
	if err != nil || to.Address != m.To || to.Name != "" || strings.ContainsFunc(m.To, unicode.IsControl) {
		return nil, fmt.Errorf("%w: the address is none that mail servers take", services.ErrMailRefused)
	}
	message := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithCharset(gomail.CharsetUTF8))
	message.FromMailAddress(&s.from)
	message.ToMailAddress(to)
	message.Subject(oneLine(m.Subject))
	message.SetDate()
	_, domain, _ := strings.Cut(s.from.Address, "@")
	message.SetMessageIDWithValue(strings.ToLower(rand.Text()) + "@" + domain)
	message.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody's holiday answers it
	message.SetBodyString(gomail.TypeTextPlain, m.Text, gomail.WithPartEncoding(encodingOf(m.Text)))
	message.AddAlternativeString(gomail.TypeTextHTML, m.HTML, gomail.WithPartEncoding(encodingOf(m.HTML)))
	return message, nil
}

// oneLine makes spaces of what a header must not hold.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, s)
}

// encodingOf leaves plain text as it is, so that people can read the source.
func encodingOf(text string) gomail.Encoding {
	for line := range strings.Lines(text) {
		if len(line) > longestLine || strings.ContainsFunc(line, func(r rune) bool { return r >= utf8.RuneSelf || r == 0 }) {
			return gomail.EncodingQP
		}
	}
	return gomail.NoEncoding // the library's 7bit is quoted-printable under another name
}
