package main

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// API is the HTTP side of the service.
type API struct {
	Tokens *Verifier
	Auth   AuthService
	Users  Users
	Live   *LiveSessions // nil: read goes by the token alone
	Events http.Handler  // nil: they come over NATS alone
	Log    *slog.Logger
}

// Handler returns the routes.
func (a API) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /profiles/me", a.read)
	mux.HandleFunc("PUT /profiles/me", a.write)
	if a.Events != nil {
		mux.Handle("POST /events", a.Events)
	}
	return mux
}

// read verifies the token by itself: fast, and it works while the auth service is away. Where it
// may ask the auth service's Redis, it also sees at once that a session has ended.
func (a API) read(w http.ResponseWriter, r *http.Request) {
	token := bearer(r)
	claims, err := a.Tokens.Verify(token)
	if err == nil && a.Live != nil {
		err = a.Live.Check(r.Context(), claims, token)
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	profile, err := a.Users.Profile(r.Context(), claims.Subject)
	a.answer(w, r, profile, err)
}

// write asks the auth service, which knows of every log-out and every disabled user at once.
func (a API) write(w http.ResponseWriter, r *http.Request) {
	token := bearer(r)
	if _, err := a.Tokens.Verify(token); err != nil { // strangers do not cost a request
		a.fail(w, r, err)
		return
	}
	user, err := a.Auth.Me(r.Context(), token, r.Header.Get("X-Request-ID"))
	if err != nil {
		a.fail(w, r, err)
		return
	}
	var in Profile
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&in); err != nil {
		reply(w, http.StatusBadRequest, problem{"invalid_json"})
		return
	}
	in.ID = user.ID
	profile, err := a.Users.SetProfile(r.Context(), in)
	a.answer(w, r, profile, err)
}

func (a API) answer(w http.ResponseWriter, r *http.Request, body any, err error) {
	if err != nil {
		a.fail(w, r, err)
		return
	}
	reply(w, http.StatusOK, body)
}

// problem is an error for programs.
type problem struct {
	Code string `json:"code"`
}

// fail answers with what a client should do about an error.
func (a API) fail(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		unauthorized(w, "token_expired")
	case errors.Is(err, errRefused), errors.Is(err, errDeleted):
		unauthorized(w, "unauthorized")
	case errors.Is(err, errUnknown), errors.Is(err, errAway):
		w.Header().Set("Retry-After", "1")
		reply(w, http.StatusServiceUnavailable, problem{"unavailable"})
	default:
		a.Log.ErrorContext(r.Context(), "request failed", "error", err)
		reply(w, http.StatusInternalServerError, problem{"internal"})
	}
}

func unauthorized(w http.ResponseWriter, code string) {
	w.Header().Set("WWW-Authenticate", "Bearer")
	reply(w, http.StatusUnauthorized, problem{code})
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // in vain the client has gone
}

// bearer returns the token that a request bears, or "".
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
