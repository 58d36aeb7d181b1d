package routes_test

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"testing"

	"gofiber-auth/interfaces/api/routes"
	"gofiber-auth/interfaces/api/server"
)

// What the identity provider of development keeps of a request stays what it was: requests come
// to it in memory that the next one overwrites. Its pages have their own policy.
func TestTheDevelopmentIDPMayKeepWhatItReads(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	var kept []string
	a.deps.DevelopmentIDP = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kept = append(kept, r.URL.Path, r.URL.Query().Get("q"), r.Header.Get("X-Kept"))
		w.Header().Set("Content-Security-Policy", "its own")
	})
	a.app = routes.New(a.deps)
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(a.app, ln) }()
	var client http.Client
	var want []string
	for i := range 20 {
		text := fmt.Sprintf("%032d", i)
		want = append(want, "/"+text, text, text)
		req, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+ln.Addr().String()+routes.DevelopmentIDP+"/"+text+"?q="+text, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Kept", text)
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if got := res.Header.Values("Content-Security-Policy"); !slices.Equal(got, []string{"its own"}) {
			t.Fatalf("Content-Security-Policy = %q", got)
		}
	}
	client.CloseIdleConnections()
	if err := a.app.Shutdown(); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
	if !slices.Equal(kept, want) {
		t.Errorf("kept %q, want %q", kept, want)
	}
}

func TestNoIdentityProviderWithoutDevelopment(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	for _, path := range []string{"", "/", "/google/authorize", "/line/token", "/facebook/me"} {
		a.send(t, "GET", routes.DevelopmentIDP+path, "", "").want(t, 404, "not_found")
		a.send(t, "POST", routes.DevelopmentIDP+path, "", "").want(t, 404, "not_found")
	}
}
