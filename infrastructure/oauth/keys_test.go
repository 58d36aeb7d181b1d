package oauth

import (
	"context"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"gofiber-auth/domain/services"
)

// rotate makes the provider sign with a new key, and forget the old one.
func (f *fake) rotate(kid string) {
	f.set(func() {
		f.keys = []jose.JSONWebKey{{Key: otherRSA().Public(), KeyID: kid, Use: "sig", Algorithm: "RS256"}}
		f.kid = kid
		f.sign = func(header, claims object) string { return signed(header, claims, otherRSA()) }
	})
}

// forge makes the provider sign with a key that it does not publish.
func (f *fake) forge(kid string) {
	f.set(func() {
		f.sign = func(header, claims object) string {
			header["kid"] = kid
			return signed(header, claims, otherRSA())
		}
	})
}

func (f *fake) genuine() { f.set(func() { f.sign = nil }) }

func works(t *testing.T, f *fake, p services.IdentityProvider) {
	t.Helper()
	if _, err := logIn(t, f, p); err != nil {
		t.Fatal(err)
	}
}

func (f *fake) fetched(want int) {
	f.t.Helper()
	if got := f.called("/certs"); got != want {
		f.t.Errorf("the keys were fetched %d times, want %d", got, want)
	}
}

func TestKeysAreKept(t *testing.T) {
	t.Parallel()
	f := newFake(t, google)
	p := f.provider()
	f.fetched(0) // nothing is asked for before there is need
	for range 20 {
		works(t, f, p)
	}
	f.fetched(1)
	f.clock.pass(keysFresh - time.Second)
	works(t, f, p)
	f.fetched(1)
	f.clock.pass(time.Second)
	works(t, f, p)
	works(t, f, p)
	f.fetched(2)
}

func TestRotation(t *testing.T) {
	t.Parallel()
	f := newFake(t, google)
	p := f.provider()
	works(t, f, p)
	f.rotate("key-2") // at once after the keys were fetched
	works(t, f, p)
	works(t, f, p)
	f.fetched(2)

	f.set(func() { f.kid = "key-1" })
	f.genuine()
	_, err := logIn(t, f, p)
	refused(t, f, err, "no such key") // the old one has gone
}

// TestForgedKeyIDs proves that who forges tokens cannot make this service ask for keys each time,
// nor keep it from learning of a new one.
func TestForgedKeyIDs(t *testing.T) {
	t.Parallel()
	f := newFake(t, google)
	p := f.provider()
	works(t, f, p)
	f.forge("unknown")
	for range 20 {
		_, err := logIn(t, f, p)
		refused(t, f, err, "no such key")
	}
	f.fetched(2)
	for i := range 100 {
		f.forge("unknown-" + strconv.Itoa(i))
		if _, err := logIn(t, f, p); err == nil {
			t.Fatal("a forged token was taken")
		}
	}
	f.fetched(refreshBurst)
	_, err := logIn(t, f, p)
	refused(t, f, err, "too often")
	f.genuine()
	works(t, f, p) // who has a key that is known does not notice

	f.rotate("key-2")
	f.clock.pass(refreshEvery)
	works(t, f, p)
	f.fetched(refreshBurst + 1)

	f.forge("unknown")
	f.clock.pass(unknownFor)
	_, err = logIn(t, f, p)
	refused(t, f, err, "no such key")
	f.fetched(refreshBurst + 2) // it could have been published in the meantime
}

// TestKeysWhileNobodyAnswers proves that log-ins go on while the keys cannot be fetched.
func TestKeysWhileNobodyAnswers(t *testing.T) {
	t.Parallel()
	f := newFake(t, google)
	p := f.provider()
	away := func(is bool) {
		f.set(func() {
			delete(f.overrides, "/certs")
			if is {
				f.overrides["/certs"] = say(http.StatusServiceUnavailable, "")
			}
		})
	}
	away(true)
	_, err := logIn(t, f, p)
	refused(t, f, err, "jwks call: the answer has status 503")
	away(false)
	works(t, f, p) // what failed did no harm

	away(true)
	works(t, f, p)
	f.fetched(2)
	f.clock.pass(keysFresh)
	for range 2 * refreshBurst { // more than may be asked for
		works(t, f, p)
	}
	if got := f.called("/certs"); got > 2+refreshBurst {
		t.Errorf("the keys were fetched %d times", got)
	}
	f.clock.pass(keysKept - keysFresh - time.Second)
	works(t, f, p)
	f.clock.pass(time.Second)
	_, err = logIn(t, f, p)
	refused(t, f, err, "jwks call") // a day later nobody knows whose they are
	away(false)
	f.clock.pass(refreshEvery)
	works(t, f, p)
}

// TestFirstCallerGoes proves that a refresh belongs to all who wait for it.
func TestFirstCallerGoes(t *testing.T) {
	t.Parallel()
	f := newFake(t, google)
	p := f.provider()
	asked, release := make(chan struct{}), make(chan struct{})
	f.overrides["/certs"] = func(w http.ResponseWriter, _ *http.Request) {
		close(asked) // a second fetch would panic here, and fail
		<-release
		answer(w, http.StatusOK, jose.JSONWebKeySet{Keys: f.keys})
	}
	ctx, cancel := context.WithCancel(t.Context())
	first, second := make(chan error, 1), make(chan error, 1)
	go func() { _, err := logInAs(ctx, f, p, subject); first <- err }()
	<-asked
	go func() { _, err := logInAs(t.Context(), f, p, subject); second <- err }()
	cancel()
	refused(t, f, <-first, "jwks call: no answer in time")
	close(release)
	if err := <-second; err != nil {
		t.Errorf("the second caller fails with the first: %v", err)
	}
	f.fetched(1)
}
