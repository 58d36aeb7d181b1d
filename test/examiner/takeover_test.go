package examiner

import (
	"testing"

	"gofiber-auth/test/fakeidp"
)

// TestTakeoverEndsAll has somebody register another's address, who then comes by a provider that
// proves it: nothing of before is left that opens the account.
func TestTakeoverEndsAll(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, plan{providers: true}, func(t *testing.T, w *world) {
		i := w.one
		squatter, token := w.newMember(t)
		resetToken := w.askReset(t, squatter.User.Email, 2)
		second := i.logIn(t, squatter.User)
		owner := i.come(t, fakeidp.Answer{Subject: w.name(), Email: squatter.User.Email, Verified: true})
		if owner.User.ID != squatter.User.ID || !owner.User.EmailVerified {
			t.Errorf("the owner is %+v, the account was %+v", owner.User, squatter.User)
		}
		w.dead(t, "the squatter's session", squatter)
		w.dead(t, "the squatter's other session", second)
		i.refuses(t, verify(token), 400, "invalid_token")
		i.refuses(t, reset(resetToken, another), 400, "invalid_token")
		i.refuses(t, request{method: "POST", path: "/auth/login", body: object("email", squatter.User.Email, "password", password)}, 401, "invalid_credentials")
		w.lives(t, "the owner's session", owner)
		if list := i.sessions(t, owner.Token); len(list) != 1 {
			t.Errorf("there are %d sessions, want the owner's", len(list))
		}
	})
}
