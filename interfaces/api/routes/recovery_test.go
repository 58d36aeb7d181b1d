package routes_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"testing"
	"time"

	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/interfaces/api/routes"
)

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

func TestNoMailsAreShownWithoutDevelopment(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	for _, path := range []string{"", "/", "?format=json"} {
		a.send(t, "GET", routes.DevelopmentMail+path, "", "").want(t, 404, "not_found")
	}
}

// What users do to their own accounts is mailed; what admins do is not.
func TestEveryRoutePromisesItsMails(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	ada, root := a.register(t, "ada"), a.admin(t, "rosa")
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
	wantMails("another address", "verify_pending countess@example.com th")
	a.send(t, "PATCH", "/api/v1/users/me", ada.Token, `{"email":"ADA@example.com","username":"countess"}`).want(t, 200, "")
	wantMails("the same address")
	a.send(t, "PUT", "/api/v1/users/me/password", ada.Token, `{"currentPassword":"`+goodPassword+`","newPassword":"another horse battery"}`).want(t, 200, "").into(t, &ada)
	wantMails("another password", "password_changed ada@example.com en")
	a.send(t, "POST", "/api/v1/auth/email/resend", ada.Token, "", "Accept-Language", "th").want(t, 202, "")
	wantMails("asking again", "verify_email ada@example.com th")
	a.send(t, "POST", "/api/v1/auth/exchange", "", exchangeBody(a.come(t, gustav).Get("code"))).want(t, 200, "")
	wantMails("coming from a provider that proves the address")
	a.send(t, "POST", "/api/v1/auth/oauth/complete", "", `{"ticket":"`+a.ticket(t, lin)+`","email":"Lin@example.com"}`).want(t, 201, "")
	wantMails("coming from one that does not", "verify_email lin@example.com en")
	a.send(t, "POST", "/api/v1/users", root.Token, `{"email":"made@example.com","username":"made"}`).want(t, 201, "")
	a.send(t, "PATCH", "/api/v1/users/"+ada.User.ID, root.Token, `{"email":"lady@example.com"}`).want(t, 200, "")
	wantMails("what admins do", "admin_changed_email ada@example.com en")

	// Who goes takes along what waits.
	a.send(t, "POST", "/api/v1/auth/password/forgot", "", `{"email":"lady@example.com"}`).want(t, 202, "")
	a.send(t, "DELETE", "/api/v1/users/"+ada.User.ID, root.Token, "").want(t, 204, "")
	for _, m := range a.store.UnsentMails(t) {
		if m.UserID == ada.User.ID || m.To == "lady@example.com" && m.Kind != models.MailDeletedByAdmin {
			t.Errorf("%s waits for %s, who is gone", m.Kind, m.To)
		}
	}
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
	grace, root := a.register(t, "gracehopper"), a.admin(t, "rosa")
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
