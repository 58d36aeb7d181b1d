package simulator_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"gofiber-auth/test/fakeidp"
)

// TestUserinfo has Google's userinfo endpoint say of somebody else what the id_token does not
// say. Only what it says of the same subject may count (OpenID Connect Core §5.3.2).
func TestUserinfo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	victim := w.verified(t, w.email("victim"))
	silent := func(token *fakeidp.IDToken) {
		delete(token.Claims, "email")
		delete(token.Claims, "email_verified")
	}
	for name, change := range map[string]func(p map[string]any){
		"another subject": func(p map[string]any) { p["sub"] = "somebody" },
		"no subject":      func(p map[string]any) { delete(p, "sub") },
		"subject null":    func(p map[string]any) { p["sub"] = nil },
		"subject a list":  func(p map[string]any) { p["sub"] = []any{p["sub"]} },
	} {
		got, who, _ := w.newBrowser().outcome(t, fakeidp.Google, fakeidp.Answer{
			Subject: w.name("s"), Email: victim.User.Email, Verified: true, Forge: silent, Profile: change,
		})
		if got != "provider_error" && got != "email_required" {
			t.Errorf("%s: %q as %v", name, got, who.User)
		}
	}
	for name, answer := range badAnswers {
		got, who, _ := w.newBrowser().outcome(t, fakeidp.Google, fakeidp.Answer{
			Subject: w.name("s"), Email: victim.User.Email, Verified: true, Forge: silent, ProfileAnswer: answer,
		})
		if got != "provider_error" && got != "email_required" {
			t.Errorf("%s: %q as %v", name, got, who.User)
		}
	}
	if ids := w.identities(t, w.logIn(t, victim.User.Email).Token); len(ids) != 0 {
		t.Errorf("the victim's identities are %v", ids)
	}
}

// TestLookalikes has Google vouch for e-mails that only look like those of users, once they
// are folded to lower case as Unicode does.
func TestLookalikes(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, w *world) {
		for email, alike := range map[string]string{
			"kelvin@one.example":    "\u212aelvin@one.example",
			"two@kelvin.example":    "two@\u212aelvin.example",
			"three@kiss.example":    "three@ki\u017f\u017f.example",
			"four@india.example":    "four@\u0130ndia.example",
			"five@wide.example":     "five@ｗide.example",
			"six@dot.example":       "six@dot\u3002example",
			"seven@nothing.example": "seven@no\u200bthing.example",
		} {
			for what, made := range map[string]func(t *testing.T, email string) account{"verified": w.verified, "unverified": w.register} {
				email, alike := what+"."+email, what+"."+alike
				made := made(t, email)
				got, who, _ := w.newBrowser().outcome(t, fakeidp.Google, fakeidp.Answer{Subject: w.name("s"), Email: alike, Verified: true})
				if who.User.ID == made.User.ID {
					t.Errorf("%q is taken for the %s e-mail %q", alike, what, made.User.Email)
				}
				if got != "email_required" && got != "provider_error" {
					t.Errorf("%q: %q as %q", alike, got, who.User.Email)
				}
			}
		}
	})
}

// TestNamesAndPictures has providers say names and pictures that a user cannot have.
func TestNamesAndPictures(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, w *world) {
		for _, name := range []string{
			"", " ", strings.Repeat("n", 101), strings.Repeat("ก", 500), "a\x00b", "\x00", "a\nb", "\u202eevil", "\xff\xfe", "🙂", "<script>", strings.Repeat("n", 50_000),
		} {
			for _, provider := range fakeidp.Names {
				person := w.someone()
				person.Name = name
				got, who, _ := w.newBrowser().outcome(t, provider, person)
				if got != "ok" {
					t.Errorf("%s, named %.20q: %q, want ok", provider, name, got)
					continue
				}
				if shown := who.User.DisplayName; shown != nil && (*shown == "" || utf8.RuneCountInString(*shown) > 100 || strings.Contains(*shown, "\x00")) {
					t.Errorf("%s, named %.20q: the displayName is %q", provider, name, *shown)
				}
			}
		}
		for _, picture := range []string{"http://pictures.example/1.png", "javascript:alert(1)", "data:image/png;base64,AA", "//x", "https://", "\x00", "https://p.example/" + strings.Repeat("p", 3000)} {
			for _, provider := range fakeidp.Names {
				person := w.someone()
				person.Picture = picture
				got, who, _ := w.newBrowser().outcome(t, provider, person)
				if got != "ok" {
					t.Errorf("%s, with the picture %.20q: %q, want ok", provider, picture, got)
				}
				if who.User.Avatar != nil {
					t.Errorf("%s, with the picture %.20q: the avatar is %.40q", provider, picture, *who.User.Avatar)
				}
			}
		}
		// Tokens may be long, and may be anything.
		for what, change := range map[string]func(a map[string]any){
			"a long access token": func(a map[string]any) { a["refresh_token"] = strings.Repeat("r", 8000) },
			"no expiry":           func(a map[string]any) { delete(a, "expires_in") },
			"a huge expiry":       func(a map[string]any) { a["expires_in"] = 1e15 },
			"a negative expiry":   func(a map[string]any) { a["expires_in"] = -1 },
			"an expiry in text":   func(a map[string]any) { a["expires_in"] = "3600" },
		} {
			got, _, _ := w.newBrowser().outcome(t, fakeidp.Google, fakeidp.Answer{Subject: w.name("s"), Email: w.email("tokens"), Verified: true, Token: change})
			if got != "ok" && got != "provider_error" {
				t.Errorf("%s: %q", what, got)
			}
		}
	})
}
