package routes_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/domain/services"
	"gofiber-auth/interfaces/api/routes"
)

// mailLimits lets pass as many as a limit says, for ever.
type mailLimits struct {
	mu     sync.Mutex
	counts map[string]int
}

func (l *mailLimits) Take(_ context.Context, limit services.Limit, key string) services.LimitState {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.counts == nil {
		l.counts = map[string]int{}
	}
	l.counts[limit.Name+" "+key]++
	allowed := l.counts[limit.Name+" "+key] <= limit.Burst
	return services.LimitState{Allowed: allowed, RetryAfter: 90 * time.Second}
}

func (*mailLimits) Forget(context.Context, services.Limit, string) {}

// mailed stores a token as if it had been mailed to the user, and returns it.
func (a *api) mailed(t *testing.T, kind models.MailKind, of auth) string {
	t.Helper()
	token := fmt.Sprintf("token %d", time.Now().UnixNano())
	hash := sha256.Sum256([]byte(token))
	a.store.Do(t, func(ctx context.Context, r repositories.Set) error {
		return r.Tokens.Put(ctx, models.MailToken{
			Hash: hash[:], Purpose: kind, UserID: of.User.ID, Email: of.User.Email, ExpiresAt: a.clock.Now().Add(time.Hour),
		})
	})
	return token
}

// promised returns the mails that are promised, each "kind address language".
func (a *api) promised(t *testing.T) (mails []string) {
	t.Helper()
	for _, m := range a.store.UnsentMails(t) {
		mails = append(mails, fmt.Sprintf("%s %s %s", m.Kind, m.To, m.Language))
	}
	return mails
}

func TestForgottenPasswordsAnswerTheSameForEverybody(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.register(t, "ada")
	var answers []answer
	for _, address := range []string{"ADA@example.com", "nobody@example.com"} {
		got := a.send(t, "POST", "/api/v1/auth/password/forgot", "", `{"email":"`+address+`"}`, "Accept-Language", "th").want(t, 202, "")
		got.header.Del("X-Request-ID")
		answers = append(answers, got)
	}
	if string(answers[0].body) != string(answers[1].body) || fmt.Sprint(answers[0].header) != fmt.Sprint(answers[1].header) {
		t.Errorf("known and unknown are told apart: %v %v", answers[0], answers[1])
	}
	want := []string{"verify_email ada@example.com en", "reset_password ada@example.com th", "reset_password nobody@example.com th"}
	if got := a.promised(t); !slices.Equal(got, want) {
		t.Errorf("promised %q, want %q", got, want)
	}
	a.send(t, "POST", "/api/v1/auth/password/forgot", "", `{"email":"not one"}`).wantFields(t, "email format")
	a.send(t, "POST", "/api/v1/auth/password/forgot", "", `{}`).wantFields(t, "email required")
}

// Whether an address has had other mail, such as that of a registration, does not show.
func TestMailsToAnAddressAreLimited(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	ada := a.register(t, "ada")
	for address, mails := range map[string]int{"ada@example.com": 4, "nobody@example.com": 5} { // Ada's registration is one
		before := len(a.promised(t))
		for range 5 {
			a.send(t, "POST", "/api/v1/auth/password/forgot", "", `{"email":"`+address+`"}`).want(t, 202, "")
		}
		got := a.send(t, "POST", "/api/v1/auth/password/forgot", "", `{"email":"`+address+`"}`).want(t, 429, "rate_limited")
		if n := len(a.promised(t)) - before; got.header.Get("Retry-After") != "90" || n != mails {
			t.Errorf("%s: Retry-After %q, %d mails, want %d", address, got.header.Get("Retry-After"), n, mails)
		}
	}
	a.send(t, "POST", "/api/v1/auth/email/resend", ada.Token, "").want(t, 429, "rate_limited")
}

func TestAResetEndsAllSessions(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	ada := a.register(t, "ada")
	token := a.mailed(t, models.MailReset, ada)
	reset := func(token, password string) answer {
		body, err := json.Marshal(map[string]string{"token": token, "password": password})
		if err != nil {
			t.Fatal(err)
		}
		return a.send(t, "POST", "/api/v1/auth/password/reset", "", string(body))
	}
	reset(token, "short").wantFields(t, "password too_short")
	reset(token, "something with ada@example.com in it").want(t, 204, "") // a local part of three is too short to matter
	a.send(t, "GET", "/api/v1/users/me", ada.Token, "").want(t, 401, "unauthorized")
	a.send(t, "POST", "/api/v1/auth/login", "", `{"username":"ada","password":"`+goodPassword+`"}`).want(t, 401, "invalid_credentials")
	var again auth
	a.send(t, "POST", "/api/v1/auth/login", "", `{"username":"ada","password":"something with ada@example.com in it"}`).want(t, 200, "").into(t, &again)
	if !again.User.EmailVerified {
		t.Error("the address is not verified by the reset")
	}
	reset(token, "another horse battery").want(t, 400, "invalid_token")
	a.send(t, "POST", "/api/v1/auth/password/reset", "", `{}`).wantFields(t, "token required", "password required")
	a.send(t, "POST", "/api/v1/auth/email/resend", again.Token, "").want(t, 409, "already_verified")
}

func TestAnAddressIsVerifiedOnce(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	ada := a.register(t, "ada")
	token := a.mailed(t, models.MailVerify, ada)
	verify := func(token string) answer {
		return a.send(t, "POST", "/api/v1/auth/email/verify", "", `{"token":"`+token+`"}`)
	}
	verify("nonsense").want(t, 400, "invalid_token")
	verify(a.mailed(t, models.MailReset, ada)).want(t, 400, "invalid_token")
	verify(token).want(t, 204, "")
	verify(token).want(t, 400, "invalid_token")
	var me user
	a.send(t, "GET", "/api/v1/users/me", ada.Token, "").want(t, 200, "").into(t, &me)
	if !me.EmailVerified {
		t.Error("the address is not verified")
	}
	a.send(t, "POST", "/api/v1/auth/email/verify", "", `{}`).wantFields(t, "token required")
	a.send(t, "POST", "/api/v1/auth/email/resend", "", "").want(t, 401, "unauthorized")
}

func TestNoMailsAreShownWithoutDevelopment(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	for _, path := range []string{"", "/", "?format=json"} {
		a.send(t, "GET", routes.DevelopmentMail+path, "", "").want(t, 404, "not_found")
	}
	a.deps.DevelopmentMail = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "its own")
		_, _ = w.Write([]byte(r.URL.RawQuery))
	})
	a.app = routes.New(a.deps)
	res, err := a.app.Test(httptest.NewRequest("GET", routes.DevelopmentMail+"?format=json", http.NoBody), -1)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got := res.Header.Values("Content-Security-Policy"); res.StatusCode != 200 || !slices.Equal(got, []string{"its own"}) {
		t.Errorf("%d %q", res.StatusCode, got)
	}
}

// What users do to their own accounts is mailed; what admins do is not.
func TestEveryRoutePromisesItsMails(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	ada, root := a.register(t, "ada"), a.admin(t, "root")
	promised := len(a.promised(t))
	wantMails := func(what string, want ...string) {
		t.Helper()
		all := a.promised(t)
		if got := all[min(promised, len(all)):]; !slices.Equal(got, want) {
			t.Errorf("%s promises %q, want %q", what, got, want)
		}
		promised = len(all)
	}
	a.register(t, "grace")
	wantMails("registering", "verify_email grace@example.com en")
	a.send(t, "PATCH", "/api/v1/users/me", ada.Token, `{"email":"Countess@example.com","currentPassword":"`+goodPassword+`"}`, "Accept-Language", "th-TH").want(t, 200, "")
	wantMails("another address", "email_changed ada@example.com th", "verify_email countess@example.com th")
	a.send(t, "PATCH", "/api/v1/users/me", ada.Token, `{"email":"COUNTESS@example.com","username":"countess"}`).want(t, 200, "")
	wantMails("the same address")
	a.send(t, "PUT", "/api/v1/users/me/password", ada.Token, `{"currentPassword":"`+goodPassword+`","newPassword":"another horse battery"}`).want(t, 200, "").into(t, &ada)
	wantMails("another password", "password_changed countess@example.com en")
	a.send(t, "POST", "/api/v1/auth/email/resend", ada.Token, "", "Accept-Language", "th").want(t, 202, "")
	wantMails("asking again", "verify_email countess@example.com th")
	a.send(t, "POST", "/api/v1/auth/exchange", "", exchangeBody(a.come(t, gustav).Get("code"))).want(t, 200, "")
	wantMails("coming from a provider that proves the address")
	a.send(t, "POST", "/api/v1/auth/oauth/complete", "", `{"ticket":"`+a.ticket(t, lin)+`","email":"Lin@example.com"}`).want(t, 201, "")
	wantMails("coming from one that does not", "verify_email lin@example.com en")
	a.send(t, "POST", "/api/v1/users", root.Token, `{"email":"made@example.com","username":"made"}`).want(t, 201, "")
	a.send(t, "PATCH", "/api/v1/users/"+ada.User.ID, root.Token, `{"email":"lady@example.com"}`).want(t, 200, "")
	wantMails("what admins do", "admin_changed_email countess@example.com en")

	// Who goes takes along what waits.
	a.send(t, "POST", "/api/v1/auth/password/forgot", "", `{"email":"lady@example.com"}`).want(t, 202, "")
	a.send(t, "DELETE", "/api/v1/users/"+ada.User.ID, root.Token, "").want(t, 204, "")
	for _, m := range a.store.UnsentMails(t) {
		if m.UserID == ada.User.ID || m.To == "lady@example.com" && m.Kind != models.MailDeletedByAdmin {
			t.Errorf("%s waits for %s, who is gone", m.Kind, m.To)
		}
	}
}

// What was mailed to an address that nobody had proved dies when its owner takes the account over.
func TestWhoTakesAnAccountOverFindsNoTokens(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	ada := a.register(t, "ada")
	verify, reset := a.mailed(t, models.MailVerify, ada), a.mailed(t, models.MailReset, ada)
	owner := models.ExternalIdentity{Provider: "google", Subject: "7", Email: "ada@example.com", EmailVerified: true}
	a.send(t, "POST", "/api/v1/auth/exchange", "", exchangeBody(a.come(t, owner).Get("code"))).want(t, 200, "")
	a.send(t, "POST", "/api/v1/auth/email/verify", "", `{"token":"`+verify+`"}`).want(t, 400, "invalid_token")
	a.send(t, "POST", "/api/v1/auth/password/reset", "", `{"token":"`+reset+`","password":"another horse battery"}`).want(t, 400, "invalid_token")
}

// Somebody who came through a provider may get a first password by mail. Until then nobody had
// proved the address, so the identity, which may be a stranger's, has to be linked again.
func TestAFirstPasswordByMail(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	var in auth
	a.send(t, "POST", "/api/v1/auth/oauth/complete", "", `{"ticket":"`+a.ticket(t, lin)+`","email":"lin@example.com"}`).want(t, 201, "").into(t, &in)
	token := a.mailed(t, models.MailReset, in)
	a.send(t, "POST", "/api/v1/auth/password/reset", "", `{"token":"`+token+`","password":"`+goodPassword+`"}`).want(t, 204, "")
	a.send(t, "POST", "/api/v1/auth/exchange", "", exchangeBody(a.come(t, lin).Get("code"))).want(t, 409, "email_required")
	a.send(t, "POST", "/api/v1/auth/login", "", `{"email":"lin@example.com","password":"`+goodPassword+`"}`).want(t, 200, "").into(t, &in)
	a.link(t, in.Token, lin)
	a.send(t, "POST", "/api/v1/auth/exchange", "", exchangeBody(a.come(t, lin).Get("code"))).want(t, 200, "")
}

// A disabled user's token is worth nothing, and a password reset with the policy's faults keeps it.
func TestAResetIsForActiveUsers(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	grace, root := a.register(t, "gracehopper"), a.admin(t, "root")
	token := a.mailed(t, models.MailReset, grace)
	reset := func(password string) answer {
		return a.send(t, "POST", "/api/v1/auth/password/reset", "", `{"token":"`+token+`","password":"`+password+`"}`)
	}
	reset("my GraceHopper password").wantFields(t, "password contains_identity")
	a.send(t, "PATCH", "/api/v1/users/"+grace.User.ID, root.Token, `{"isActive":false}`).want(t, 200, "")
	hashed := a.hasher.count
	reset("another horse battery").want(t, 400, "invalid_token")
	if a.hasher.count != hashed {
		t.Error("a password was hashed for a token that is worth nothing")
	}
	a.send(t, "PATCH", "/api/v1/users/"+grace.User.ID, root.Token, `{"isActive":true}`).want(t, 200, "")
	reset("another horse battery").want(t, 204, "")
}
