package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gofiber-auth/pkg/userevents"
)

const (
	ada           = "0199c1de-0000-7000-8000-000000000001"
	webhookSecret = "0123456789abcdef0123456789abcdef"
	webhookBody   = `{"id":"0199c1de-0000-7000-8000-000000000001","email":"ada@example.com","username":"ada","action":"updated"}`
)

// signedHeader is that of webhookBody. The signature is openssl's:
// printf '%s' "$id.$version.$time.$body" | openssl dgst -sha256 -hmac "$secret".
func signedHeader() http.Header {
	return http.Header{
		"Nats-Msg-Id":  {"0199aaaa-0000-7000-8000-000000000001"},
		"User-Version": {"3"},
		"Event-Schema": {"2"},
		"Event-Time":   {"2026-11-23T21:17:41.655369Z"},
		"X-Signature":  {"sha256=2365741d57af2fcca619eed7cfd7a539a8802c4b1946af72eea242955e767eba"},
	}
}

func TestIsSigned(t *testing.T) {
	t.Parallel()
	body, secret := []byte(webhookBody), []byte(webhookSecret)
	if !IsSigned(signedHeader(), body, secret) {
		t.Error("what the auth service signed is refused")
	}
	for _, name := range []string{"Nats-Msg-Id", "User-Version", "Event-Time", "X-Signature"} {
		header := signedHeader()
		value := header.Get(name)
		for _, other := range []string{"", value + "0", value[:len(value)-1], strings.ToUpper(value) + "Z"} {
			if header.Set(name, other); IsSigned(header, body, secret) {
				t.Errorf("%s: %q is accepted", name, other)
			}
		}
	}
	if IsSigned(signedHeader(), append(body, ' '), secret) {
		t.Error("another body is accepted")
	}
	if IsSigned(signedHeader(), body, []byte(strings.Repeat("x", 32))) || IsSigned(signedHeader(), body, nil) {
		t.Error("another secret is accepted")
	}
}

func TestWebhook(t *testing.T) {
	t.Parallel()
	away := errors.New("the database is away")
	for name, test := range map[string]struct {
		change func(http.Header) // of the request
		fails  error             // applying it
		want   int
		is     bool // applied
	}{
		"signed":               {want: http.StatusNoContent, is: true},
		"of somebody else":     {change: func(h http.Header) { h.Set("X-Signature", "sha256=00") }, want: http.StatusUnauthorized},
		"of a later schema":    {change: func(h http.Header) { h.Set("Event-Schema", "3") }, want: http.StatusServiceUnavailable},
		"signed and no event":  {change: func(h http.Header) { h.Del("Event-Schema") }, want: http.StatusNoContent},
		"the database is away": {fails: away, want: http.StatusServiceUnavailable, is: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var applied []userevents.Event
			h := Webhook{Secret: []byte(webhookSecret), Log: slog.New(slog.DiscardHandler),
				Apply: func(_ context.Context, e userevents.Event) error { applied = append(applied, e); return test.fails }}
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/events", bytes.NewReader([]byte(webhookBody)))
			if r.Header = signedHeader(); test.change != nil {
				test.change(r.Header)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != test.want || len(applied) > 0 != test.is {
				t.Errorf("it answered %d and applied %v", w.Code, applied)
			}
			if test.is && (applied[0].UserID != ada || applied[0].Version != 3 || applied[0].Action != userevents.Updated) {
				t.Errorf("it applied %+v", applied[0])
			}
		})
	}
}
