package mailtext_test

import (
	"bytes"
	"flag"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"gofiber-auth/application/mailtext"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/services"
)

const token = "6Yw2k0n5oV0yZl3JtQ8cXbR1uGm4sHdE7aPfKiTqLzM"

// detail is hostile where a mistake could let a stranger write into a mail.
var detail = map[string]string{
	models.MailProvider: models.ProviderLINE, models.MailRole: "admin", models.MailNetwork: "192.0.2.7", models.MailDevice: "Firefox <b>on</b> Linux",
}

func compose(t *testing.T, frontend string, kind models.MailKind, language string) services.MailMessage {
	t.Helper()
	home, err := url.Parse(frontend)
	if err != nil {
		t.Fatal(err)
	}
	m, err := mailtext.New("Acme & <Sons>", home).Compose(models.Mail{
		Kind: kind, To: "ada@example.com", Language: language, Detail: detail, CreatedAt: time.Date(2026, 11, 24, 3, 4, 0, 0, time.FixedZone("Bangkok", 7*60*60)),
	}, token)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

var linkPattern = regexp.MustCompile(`https?://[^\s"<]+`)

func TestMailsLinkToTheFrontEndAlone(t *testing.T) {
	t.Parallel()
	for frontend, base := range map[string]string{
		"https://app.example.com": "https://app.example.com", "https://app.example.com/": "https://app.example.com", "http://localhost:5173/base": "http://localhost:5173/base",
	} {
		for kind, want := range map[models.MailKind]string{
			models.MailVerify:             base + "/auth/verify-email?token=" + token,
			models.MailVerifyPending:      base + "/auth/verify-email?token=" + token,
			models.MailVerifyRegistration: base + "/auth/verify-email?token=" + token,
			models.MailReset:              base + "/auth/reset-password?token=" + token,
			models.MailEmailChanged:       "",
			models.MailPasswordChanged:    frontend,
		} {
			for _, language := range []string{"en", "th"} {
				m := compose(t, frontend, kind, language)
				for _, body := range []string{m.Text, m.HTML} {
					links := linkPattern.FindAllString(body, -1)
					if (len(links) > 0) != (want != "") {
						t.Errorf("%s in %s has the links %q, want %q", kind, language, links, want)
					}
					for _, link := range links {
						if link != want {
							t.Errorf("%s in %s links to %s, want %s", kind, language, link, want)
						}
					}
				}
			}
		}
	}
}

// kinds is every kind of mail, in the order of the golden files.
var kinds = []models.MailKind{
	models.MailVerify, models.MailVerifyPending, models.MailVerifyRegistration, models.MailReset, models.MailUseProvider,
	models.MailEmailChangeStarted, models.MailEmailChanged, models.MailEmailTaken, models.MailPasswordChanged,
	models.MailIdentityLinked, models.MailIdentityUnlinked, models.MailNewDevice,
	models.MailAdminChangedEmail, models.MailAdminChangedRole, models.MailAccountDeleted, models.MailDeletedByAdmin,
}

func TestMailsAreInTheirLanguage(t *testing.T) {
	t.Parallel()
	isThai := func(s string) bool {
		return strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Thai, r) })
	}
	for _, kind := range kinds {
		for language, thai := range map[string]bool{"en": false, "th": true, "": false, "xx": false} {
			m := compose(t, "https://app.example.com", kind, language)
			if m.To != "ada@example.com" || isThai(m.Subject) != thai || isThai(m.Text) != thai || strings.Contains(m.HTML, `lang="th"`) != thai {
				t.Errorf("%s in %q is %+v", kind, language, m)
			}
			if strings.ContainsAny(m.Subject, "\r\n") || utf8.RuneCountInString(m.Subject) > 78 || !strings.Contains(m.Subject, "Acme & <Sons>") {
				t.Errorf("%s in %q has the subject %q", kind, language, m.Subject)
			}
			if strings.Contains(m.HTML, "<Sons>") || strings.Contains(m.HTML, "<b>") || !strings.Contains(m.HTML, "Acme &amp; &lt;Sons&gt;") || !strings.Contains(m.Text, "Acme & <Sons>") {
				t.Errorf("the name is not as it should be in %s", m.HTML)
			}
			if strings.Contains(m.Text, "\n\n\n") || strings.Contains(m.Text, "%!") || strings.Contains(m.HTML, "ZgotmplZ") {
				t.Errorf("%s in %q is %q", kind, language, m.Text)
			}
		}
	}
}

var update = flag.Bool("update", false, "rewrite the golden files")

func TestMailsReadAsInTheGoldenFiles(t *testing.T) {
	t.Parallel()
	for _, language := range []string{"en", "th"} {
		var b bytes.Buffer
		for _, kind := range kinds {
			m := compose(t, "https://app.example.com", kind, language)
			fmt.Fprintf(&b, "=== %s: %s\n%s\n", kind, m.Subject, m.Text)
		}
		golden := "testdata/mails." + language + ".golden.txt"
		if *update {
			if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(b.Bytes(), want) {
			t.Errorf("the mails differ from %s; if that is meant, run go test -update and look at the difference:\n%s", golden, b.Bytes())
		}
	}
}

func TestNoticesTellWhen(t *testing.T) {
	t.Parallel()
	for language, want := range map[string]string{"en": "23 November 2026 at 20:04 UTC", "th": "23 พฤศจิกายน 2569 เวลา 20:04 น. (UTC)"} {
		for _, kind := range []models.MailKind{models.MailEmailChanged, models.MailPasswordChanged} {
			if m := compose(t, "https://app.example.com", kind, language); !strings.Contains(m.Text, want) || strings.Contains(m.Text, token) {
				t.Errorf("%s tells %q", kind, m.Text)
			}
		}
	}
}

func TestAKindWithoutWords(t *testing.T) {
	t.Parallel()
	if _, err := mailtext.New("Acme", new(url.URL)).Compose(models.Mail{Kind: "spam"}, ""); err == nil {
		t.Error("a mail of no kind was written")
	}
}
