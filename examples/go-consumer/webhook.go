package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"gofiber-auth/pkg/userevents"
)

// Webhook takes events by HTTP: it is what the auth service's BACKEND_SYNC_URL names.
type Webhook struct {
	Secret []byte // the auth service's BACKEND_SYNC_SECRET
	Apply  func(context.Context, userevents.Event) error
	Log    *slog.Logger
}

// ServeHTTP answers 204 when the event is committed. After any other answer it comes again,
// and the user's later ones wait for it.
func (h Webhook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
	if err != nil || !IsSigned(r.Header, body, h.Secret) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	event, err := userevents.Decode(r.Header, body)
	if err == nil {
		err = h.Apply(r.Context(), event)
	}
	switch {
	case errors.Is(err, userevents.ErrMalformed): // signed, and yet none: it would come for ever
		h.Log.ErrorContext(r.Context(), "skipped", "error", err)
	case err != nil:
		h.Log.WarnContext(r.Context(), "comes again", "error", err)
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// IsSigned reports whether a request was signed with the secret. The body is as it came: what
// was parsed and written again has another signature.
func IsSigned(header http.Header, body, secret []byte) bool {
	given, err := hex.DecodeString(strings.TrimPrefix(header.Get("X-Signature"), "sha256="))
	if err != nil || len(secret) < 32 {
		return false
	}
	mac := hmac.New(sha256.New, secret)
	for _, name := range []string{"Nats-Msg-Id", "User-Version", "Event-Time"} {
		fmt.Fprintf(mac, "%s.", header.Get(name))
	}
	mac.Write(body)
	return hmac.Equal(given, mac.Sum(nil)) // in constant time
}
