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
