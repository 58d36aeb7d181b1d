package serviceimpl_test

import (
	"slices"
	"testing"

	"gofiber-auth/domain"
	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/models"
)

// proof is what owners of a password add to a request.
var proof = dto.ProofRequest{CurrentPassword: password}

func (w *world) startLink(t *testing.T, p models.Principal, provider string) flow {
	t.Helper()
	start, err := w.oauth.Link(t.Context(), p, provider, proof)
	if err != nil {
		t.Fatal(err)
	}
	return flowOf(t, provider, start)
}

// link links the identity of a person to an account.
func (w *world) link(t *testing.T, p models.Principal, who person) {
	t.Helper()
	f := w.startLink(t, p, who.provider)
	result, err := w.oauth.Callback(t.Context(), who.provider, f.response(who))
	if err != nil || result.Linked != who.provider || result.Code != "" {
		t.Fatalf("Callback() = %+v, %v", result, err)
	}
}

func TestLinkingAndUnlinking(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada, grace := w.register(t, "ada"), w.register(t, "grace")
	line := person{provider: "line", subject: "U1", email: "grace@example.com"} // whose address it is does not matter
	w.link(t, ada, line)
	if p := w.mustLogIn(t, line); p.User.ID != ada.User.ID {
		t.Error("the linked identity is somebody else's")
	}
	_, err := w.oauth.Link(t.Context(), ada, "line", proof)
	want(t, "a second identity of the provider", err, domain.ErrProviderLinked)
	_, err = w.oauth.Link(t.Context(), ada, "myspace", proof)
	want(t, "an unknown provider", err, domain.ErrProviderUnknown)
	_, err = w.oauth.Callback(t.Context(), "line", w.startLink(t, grace, "line").response(line))
	want(t, "an identity of somebody else", err, domain.ErrProviderLinked)

	want(t, "Unlink()", w.oauth.Unlink(t.Context(), ada, "line", proof), nil)
	want(t, "Unlink() again", w.oauth.Unlink(t.Context(), ada, "line", proof), domain.ErrNotFound)
	want(t, "Unlink() of an unknown provider", w.oauth.Unlink(t.Context(), ada, "myspace", proof), domain.ErrProviderUnknown)
	_, err = w.logIn(t, line)
	want(t, "log-in by what was unlinked", err, domain.ErrAccountExists)
}

// Several tabs may link at once: of one identity all succeed, of two the second fails.
func TestTabsThatLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.register(t, "ada")
	one, same, other := w.startLink(t, p, "line"), w.startLink(t, p, "line"), w.startLink(t, p, "line")
	_, err := w.oauth.Callback(t.Context(), "line", one.response(person{subject: "U1"}))
	want(t, "the first tab", err, nil)
	_, err = w.oauth.Callback(t.Context(), "line", same.response(person{subject: "U1"}))
	want(t, "the second tab with the same identity", err, nil)
	result, err := w.oauth.Callback(t.Context(), "line", other.response(person{subject: "U2"}))
	want(t, "the third tab with another", err, domain.ErrProviderLinked)
	if result.Code != "" {
		t.Error("a code was given out")
	}
	if got := w.store.IdentitiesOf(t, p.User.ID); !slices.Equal(got, []string{"line U1"}) {
		t.Errorf("identities %v", got)
	}
}

// Linking belongs to the session that asked for it and to the browser of that session.
func TestLinkingIsBound(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		meanwhile func(w *world, t *testing.T, p models.Principal, f *flow)
		want      error
	}{
		"another browser": {func(_ *world, _ *testing.T, _ models.Principal, f *flow) { f.Binding = "" }, domain.ErrInvalidState},
		"logged out": {func(w *world, t *testing.T, p models.Principal, _ *flow) {
			want(t, "Logout()", w.accounts.Logout(t.Context(), p), nil)
		}, domain.ErrInvalidState},
		"deleted": {func(w *world, t *testing.T, p models.Principal, _ *flow) {
			want(t, "Delete()", w.accounts.Delete(t.Context(), p, dto.DeleteUserRequest{CurrentPassword: password}), nil)
		}, domain.ErrInvalidState},
		"disabled": {func(w *world, t *testing.T, p models.Principal, _ *flow) {
			w.store.Change(t, p.User.ID, func(u *models.User) { u.IsActive = false })
		}, domain.ErrAccountDisabled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			p := w.register(t, "ada")
			f := w.startLink(t, p, "line")
			tt.meanwhile(w, t, p, &f)
			_, err := w.oauth.Callback(t.Context(), "line", f.response(person{subject: "U1"}))
			want(t, "Callback()", err, tt.want)
			if got := w.store.IdentitiesOf(t, p.User.ID); len(got) != 0 {
				t.Errorf("linked %v", got)
			}
		})
	}
}

func TestTheLastWayInStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.mustLogIn(t, ada)
	want(t, "the only identity", w.oauth.Unlink(t.Context(), p, "google", proof), domain.ErrLastLoginMethod)
	w.link(t, p, person{provider: "line", subject: "U1"})
	want(t, "one of two", w.oauth.Unlink(t.Context(), p, "google", proof), nil)
	p = w.mustLogIn(t, person{provider: "line", subject: "U1"}) // that session began by Google
	want(t, "the one that is left", w.oauth.Unlink(t.Context(), p, "line", proof), domain.ErrLastLoginMethod)
	p = w.principal(t, w.changePassword(t, p, "", password).AccessToken)
	want(t, "the one that is left, with a password", w.oauth.Unlink(t.Context(), p, "line", proof), nil)
	u, err := w.store.Users.ByID(t.Context(), p.User.ID)
	if err != nil || !u.IsOAuthUser || *u.OAuthProvider != "google" {
		t.Errorf("how the account was made is forgotten: %+v, %v", u, err)
	}
}
