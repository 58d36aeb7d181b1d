package serviceimpl

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/domain/services"
)

// oauthFlow is what the callback needs to know of a flow that is under way. It travels sealed in
// the state, so that starts store nothing that strangers could fill.
type oauthFlow struct {
	Seed      []byte    `json:"r"` // 256 random bits, of which the secrets of the flow are derived
	Provider  string    `json:"p"`
	ExpiresAt time.Time `json:"t"`
	State     string    `json:"s,omitempty"` // the front end's own
	Challenge string    `json:"c,omitempty"` // of PKCE between the front end and this service; empty where it uses none
	UserID    string    `json:"u,omitempty"` // whose account the identity is to be linked to; empty for a log-in
	SessionID string    `json:"i,omitempty"` // in which linking was asked for
	Proved    []byte    `json:"h,omitempty"` // hash of the password hash by which linking was proved
}

func (f oauthFlow) links() bool { return f.UserID != "" }

// secret derives one of the flow's secrets: URL-safe text of n bytes.
func (f oauthFlow) secret(name string, n int) string {
	mac := hmac.New(sha256.New, f.Seed)
	mac.Write([]byte(name))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:n])
}

// attempt returns by what the provider's answer is recognised.
func (f oauthFlow) attempt(state string) services.AuthAttempt {
	return services.AuthAttempt{State: state, Nonce: f.secret("nonce", 32), Verifier: f.secret("verifier", 32)}
}

// binding returns the secret that the browser keeps. It is half as long as others: a browser sends
// those of all its flows with each request.
func (f oauthFlow) binding() string { return f.secret("binding", 16) }

// isBoundTo reports whether the flow may go on in a browser that keeps binding: it is the one
// that began it, or the code will be worth nothing without the front end's verifier.
func (f oauthFlow) isBoundTo(binding string) bool {
	return subtle.ConstantTimeCompare([]byte(binding), []byte(f.binding())) == 1 || f.Challenge != "" && !f.links()
}

// flowIDOf names a flow by its state without telling it.
func flowIDOf(state string) string { return hex.EncodeToString(hashOf("flow " + state))[:12] }

// states seals flows into states and lets each state work once.
type states struct {
	sealer services.TokenSealer
	used   repositories.UsedStates
	now    func() time.Time
}

const stateContext = "oauth state"

// seal returns the state of the flow, which holds all of it.
func (s states) seal(flow oauthFlow) (string, error) {
	plain, err := json.Marshal(flow)
	if err != nil {
		return "", fmt.Errorf("seal a state: %w", err)
	}
	return s.sealer.Seal(plain, stateContext), nil
}

// open returns the flow of a state, used or not. It returns domain.ErrInvalidState for one that
// this service did not make, that is too old, or that is of another provider.
func (s states) open(state, provider string) (flow oauthFlow, err error) {
	plain, err := s.sealer.Open(state, stateContext)
	if err != nil {
		return flow, domain.ErrInvalidState.Because(err)
	}
	if err := json.Unmarshal(plain, &flow); err != nil {
		return oauthFlow{}, domain.ErrInvalidState.Because(fmt.Errorf("read a state: %w", err))
	}
	switch {
	case !s.now().Before(flow.ExpiresAt):
		return flow, domain.ErrInvalidState.Because(errors.New("the state is too old"))
	case flow.Provider != provider:
		return flow, domain.ErrInvalidState.Because(errors.New("the state is of another provider"))
	}
	return flow, nil
}

// use uses the state up. It returns domain.ErrInvalidState the second time.
func (s states) use(ctx context.Context, state string, flow oauthFlow) error {
	first, err := s.used.MarkUsed(ctx, hex.EncodeToString(hashOf(state)), flow.ExpiresAt.Sub(s.now()))
	if err == nil && !first {
		err = domain.ErrInvalidState.Because(errors.New("the state has been used"))
	}
	return err
}
