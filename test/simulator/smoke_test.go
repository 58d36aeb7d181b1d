package simulator_test

import (
	"testing"

	"gofiber-auth/test/simulator"
)

func TestSmoke(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, name := range simulator.Names {
		a := w.newBrowser().logIn(t, name, simulator.Answer{Subject: w.name("s"), Email: w.email("e"), Verified: true, Name: "Ada"})
		t.Logf("%+v", a)
		w.told(t, a.User.ID, "created")
	}
}
