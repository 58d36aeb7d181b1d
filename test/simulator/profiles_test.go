package simulator_test

import (
	"testing"

	"gofiber-auth/test/simulator"
)

// TestUserinfo has Google's userinfo endpoint say of somebody else what the id_token does not
// say. Only what it says of the same subject may count (OpenID Connect Core §5.3.2).
func TestUserinfo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	victim := w.verified(t, w.email("victim"))
	silent := func(token *simulator.IDToken) {
		delete(token.Claims, "email")
		delete(token.Claims, "email_verified")
	}
	for name, change := range map[string]func(p map[string]any){
		"another subject": func(p map[string]any) { p["sub"] = "somebody" },
		"no subject":      func(p map[string]any) { delete(p, "sub") },
		"subject null":    func(p map[string]any) { p["sub"] = nil },
		"subject a list":  func(p map[string]any) { p["sub"] = []any{p["sub"]} },
	} {
		got, who, _ := w.newBrowser().outcome(t, simulator.Google, simulator.Answer{
			Subject: w.name("s"), Email: victim.User.Email, Verified: true, Forge: silent, Profile: change,
		})
		if got != "provider_error" && got != "email_required" {
			t.Errorf("%s: %q as %v", name, got, who.User)
		}
	}
	for name, answer := range badAnswers {
		got, who, _ := w.newBrowser().outcome(t, simulator.Google, simulator.Answer{
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
