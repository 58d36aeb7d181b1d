package routes_test

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"testing"

	"github.com/valyala/fasthttp"

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

// What development shows is not for those behind a proxy, nor for the pages of another host.
func TestDevelopmentAnswersThisMachineAlone(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.deps.DevelopmentMail = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Security-Policy", "its own") })
	handle := routes.New(a.deps).Handler()
	get := func(method, peer, host string, headers ...string) *fasthttp.Response {
		var req fasthttp.Request
		req.Header.SetMethod(method)
		req.SetRequestURI("http://" + host + routes.DevelopmentMail)
		req.SetHost(host)
		for i := 0; i < len(headers); i += 2 {
			req.Header.Set(headers[i], headers[i+1])
		}
		var c fasthttp.RequestCtx
		c.Init(&req, &net.TCPAddr{IP: net.ParseIP(peer), Port: 40000}, nil)
		handle(&c)
		return &c.Response
	}
	for _, host := range []string{"localhost", "LOCALHOST:8088", "127.0.0.1:8088", "[::1]", "[::1]:8088"} {
		res := get("GET", "127.0.0.1", host)
		if policy := res.Header.PeekAll("Content-Security-Policy"); res.StatusCode() != 200 || len(policy) != 1 || string(policy[0]) != "its own" {
			t.Errorf("%s: %d with %q", host, res.StatusCode(), policy)
		}
	}
	for name, res := range map[string]*fasthttp.Response{
		"another machine":    get("GET", "192.0.2.1", "localhost:8088"),
		"another method":     get("POST", "192.0.2.1", "localhost:8088"),
		"another host":       get("GET", "127.0.0.1", "evil.example.com:8088"),
		"a host like ours":   get("GET", "::1", "localhost.evil.example.com"),
		"X-Forwarded-For":    get("GET", "127.0.0.1", "localhost:8088", "X-Forwarded-For", "192.0.2.1"),
		"X-Forwarded-Proto":  get("GET", "127.0.0.1", "localhost:8088", "x-forwarded-proto", "https"),
		"Forwarded":          get("GET", "127.0.0.1", "localhost:8088", "Forwarded", "for=192.0.2.1"),
		"Via":                get("GET", "127.0.0.1", "localhost:8088", "Via", "1.1 proxy"),
		"an empty X-Real-IP": get("GET", "127.0.0.1", "localhost:8088", "X-Real-IP", ""),
	} {
		if res.StatusCode() != 404 || string(res.Header.ContentType()) != "application/problem+json" {
			t.Errorf("%s: %d %s", name, res.StatusCode(), res.Body())
		}
	}
}
