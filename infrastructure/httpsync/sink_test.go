package httpsync_test

import (
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gofiber-auth/domain/models"
	"gofiber-auth/infrastructure/httpsync"
	"gofiber-auth/pkg/metrics"
)

const secret = "0123456789abcdef0123456789abcdef"

var event = models.OutboxEvent{
	ID: "0199c1de-0000-7000-8000-00000000000b", UserID: "0199c1de-0000-7000-8000-000000000001", Version: 2, Action: models.ActionUpdated,
	Email: "o'neil&sons<x>@example.com", Username: "john.doe-2", RequestID: "req-2",
	OccurredAt: time.Date(2026, 11, 24, 3, 4, 5, 678_901_000, time.FixedZone("Bangkok", 7*60*60)),
}

func newSink(t *testing.T, url string) (*httpsync.Sink, *metrics.Metrics) {
	t.Helper()
	m := metrics.New("test")
	sink, err := httpsync.New(httpsync.Options{URL: url, Secret: secret, UserAgent: "gofiber-auth/test", Metrics: m})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sink.Close)
	return sink, m
}

// serve runs a receiver and returns its URL.
func serve(t *testing.T, handle http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	return server.URL
}

// counted returns how many deliveries ended so.
func counted(t *testing.T, m *metrics.Metrics, result string) (n float64) {
	t.Helper()
	families, err := m.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			if family.GetName() == "http_sync_deliveries_total" && metric.GetLabel()[0].GetValue() == result {
				n += metric.GetCounter().GetValue()
			}
		}
	}
	return n
}

// What is sent, to the letter. The signature is what openssl computes:
// printf '%s' "$id.$version.$time.$body" | openssl dgst -sha256 -hmac "$secret".
func TestDeliver(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		const want = `{"id":"0199c1de-0000-7000-8000-000000000001","email":"o'neil&sons<x>@example.com","username":"john.doe-2","action":"updated"}`
		if string(body) != want || r.Method != http.MethodPost || r.URL.String() != "/events?tenant=7" {
			t.Errorf("%s %s %s", r.Method, r.URL, body)
		}
		if user, password, _ := r.BasicAuth(); user != "u" || password != "p" {
			t.Errorf("the URL's credentials came as %q %q", user, password)
		}
		r.Header.Del("Authorization")
		r.Header.Del("Accept-Encoding")
		if diff := cmp.Diff(http.Header{
			"Nats-Msg-Id": {"0199c1de-0000-7000-8000-00000000000b"}, "User-Version": {"2"}, "Event-Schema": {"2"},
			"Event-Time": {"2026-11-23T20:04:05.678901Z"}, "X-Request-Id": {"req-2"},
			"Content-Type": {"application/json"}, "Content-Length": {"125"}, "User-Agent": {"gofiber-auth/test"},
			"X-Signature": {"sha256=24be49601c59a476b5bcd7e137dc9be4d86b589ec88d65a37f87221094c2b79f"},
		}, r.Header); diff != "" {
			t.Errorf("headers (-want +got):\n%s", diff)
		}
		w.WriteHeader(http.StatusNoContent)
	})
	sink, m := newSink(t, strings.Replace(url, "http://", "http://u:p@", 1)+"/events?tenant=7")
	if err := sink.Deliver(t.Context(), event); err != nil {
		t.Fatal(err)
	}
	if n := counted(t, m, "ok"); n != 1 {
		t.Errorf("%v deliveries were counted", n)
	}
}

func TestOnly2xxIsAccepted(t *testing.T) {
	t.Parallel()
	var followed atomic.Bool
	elsewhere := serve(t, func(http.ResponseWriter, *http.Request) { followed.Store(true) })
	for status, accepted := range map[int]bool{
		200: true, 201: true, 202: true, 204: true, 299: true,
		300: false, 301: false, 302: false, 307: false, 308: false, 400: false, 404: false, 409: false, 410: false, 429: false, 500: false, 503: false,
	} {
		url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", elsewhere)
			w.WriteHeader(status)
		})
		sink, m := newSink(t, url)
		if err := sink.Deliver(t.Context(), event); (err == nil) != accepted {
			t.Errorf("%d: %v", status, err)
		}
		if n := counted(t, m, "error"); (n == 0) != accepted {
			t.Errorf("%d: %v failures were counted", status, n)
		}
	}
	if followed.Load() {
		t.Error("a redirect was followed")
	}
}

// Events come over connections that are there already, whatever the answers say.
func TestConnectionsAreUsedAgain(t *testing.T) {
	t.Parallel()
	peers := make(chan string, 10)
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		peers <- r.RemoteAddr
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w, strings.Repeat("no ", 10_000))
	})
	sink, _ := newSink(t, url)
	for range 10 {
		if err := sink.Deliver(t.Context(), event); err == nil || strings.Contains(err.Error(), "no no") {
			t.Fatal(err)
		}
	}
	first := <-peers
	for range 9 {
		if peer := <-peers; peer != first {
			t.Errorf("a delivery came from %s, the first from %s", peer, first)
		}
	}
}

// An answer without end neither fills the memory nor keeps the next event waiting.
func TestLongAnswersAreCutOff(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 1<<10)); err != nil {
				return
			}
		}
	})
	sink, _ := newSink(t, url)
	begun := time.Now()
	if err := sink.Deliver(t.Context(), event); err != nil {
		t.Error(err)
	}
	if took := time.Since(begun); took > time.Minute {
		t.Errorf("it took %s", took)
	}
}

func TestAReceiverThatHangsIsGivenUp(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{}, 1)
	url := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // else the server does not see that the client has gone
		arrived <- struct{}{}
		<-r.Context().Done()
	})
	sink, m := newSink(t, url)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-arrived; cancel() }()
	if err := sink.Deliver(ctx, event); err == nil {
		t.Error("what nobody answered is taken for delivered")
	}
	if n := counted(t, m, "error"); n != 0 {
		t.Error("what was given up here is counted as a failure of the receiver")
	}
	begun := time.Now()
	if err := sink.Deliver(t.Context(), event); err == nil {
		t.Error("what nobody answered is taken for delivered")
	}
	if took := time.Since(begun); took < 9*time.Second || took > time.Minute {
		t.Errorf("it was given up after %s, want 10 s", took)
	}
}

// Errors go into the log.
func TestErrorsHoldNoSecrets(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close() // nobody listens there now
	texts := map[string]string{}
	for name, url := range map[string]string{
		"refused": "http://user:hunter2@" + l.Addr().String() + "/hook?key=hunter2",
		"no host": "https://user:hunter2@nobody.invalid/hook?key=hunter2",
		"no TLS":  strings.Replace(serve(t, func(http.ResponseWriter, *http.Request) {}), "http://", "https://user:hunter2@", 1) + "/?key=hunter2",
	} {
		sink, _ := newSink(t, url)
		err := sink.Deliver(t.Context(), event)
		if err == nil {
			t.Fatal(name, " was accepted")
		}
		texts[name] = err.Error()
	}
	if _, err := httpsync.New(httpsync.Options{URL: "http://user:hunter2@[::1", Secret: secret, Metrics: metrics.New("test")}); err != nil {
		texts["no URL"] = err.Error()
	}
	if len(texts) != 4 {
		t.Errorf("errors of %v alone", slices.Collect(maps.Keys(texts)))
	}
	for name, text := range texts {
		for _, hidden := range []string{"hunter2", "user:", "hook", "o'neil", secret} {
			if strings.Contains(text, hidden) {
				t.Errorf("%s: %q holds %q", name, text, hidden)
			}
		}
	}
}
