package routes_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
)

type auditEntry struct {
	ID, Action, At                            string
	UserID, ActorID, IP, UserAgent, RequestID *string
	Detail                                    map[string]string
}

type auditPage struct {
	Entries    []auditEntry
	NextCursor string
}

const firefox = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"

func (a *api) audit(t *testing.T, path, token string) (p auditPage) {
	t.Helper()
	a.send(t, "GET", "/api/v1"+path, token, "").want(t, 200, "").into(t, &p)
	return p
}

func (p auditPage) actions() (actions []string) {
	for _, e := range p.Entries {
		actions = append(actions, e.Action)
	}
	return actions
}

func wantActions(t *testing.T, got auditPage, want ...string) {
	t.Helper()
	if !slices.Equal(got.actions(), want) {
		t.Errorf("the log tells of %v, want %v", got.actions(), want)
	}
}

func textOf(p *string) string {
	if p == nil {
		return "null"
	}
	return *p
}

// What users do with their accounts and what is done to them is in their logs, with who did it.
func TestAUsersOwnLog(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	ada := a.register(t, "ada")
	root := a.admin(t, "rosa")
	logIn := func(body string, status int, code string) auth {
		t.Helper()
		var in auth
		a.send(t, "POST", "/api/v1/auth/login", "", body, "User-Agent", firefox, "X-Request-ID", "log-in").want(t, status, code).into(t, &in)
		return in
	}
	logIn(`{"username":"ada","password":"wrong wrong wrong"}`, 401, "invalid_credentials")
	again := logIn(`{"email":"ADA@example.com","password":"`+goodPassword+`"}`, 200, "")
	a.send(t, "POST", "/api/v1/auth/logout", again.Token, "").want(t, 204, "")
	me := func(method, path, body string, status int, code string) {
		t.Helper()
		a.send(t, method, "/api/v1/users/me"+path, ada.Token, body).want(t, status, code)
	}
	me("PATCH", "", `{"displayName":"Ada"}`, 200, "") // told by nobody
	me("PATCH", "", `{"email":"ADA@example.com","username":"ada"}`, 200, "")
	me("PATCH", "", `{"email":"new@example.com","currentPassword":"wrong"}`, 403, "wrong_password")
	me("PATCH", "", `{"email":"new@example.com"}`, 403, "wrong_password") // no guess
	me("PATCH", "", `{"email":"new@example.com","username":"countess","currentPassword":"`+goodPassword+`"}`, 200, "")
	a.link(t, ada.Token, gustav)
	me("DELETE", "/oauth-providers/google", currentPassword, 204, "")
	a.send(t, "PUT", "/api/v1/users/me/password", ada.Token, `{"currentPassword":"`+goodPassword+`","newPassword":"another horse battery"}`).want(t, 200, "").into(t, &ada)
	a.send(t, "PATCH", "/api/v1/users/"+ada.User.ID, root.Token, `{"role":"admin","isActive":true,"displayName":"Countess"}`, "User-Agent", firefox).want(t, 200, "")
	a.send(t, "PATCH", "/api/v1/users/"+ada.User.ID, root.Token, `{"role":"admin"}`).want(t, 200, "") // nothing new

	page := a.audit(t, "/users/me/audit", ada.Token)
	wantActions(t, page, "user_changed", "password_changed", "identity_unlinked", "identity_linked", "email_change_started", "username_changed",
		"login_failed", "logged_out", "logged_in", "login_failed", "registered")
	for i, e := range page.Entries {
		actor, ip := ada.User.ID, "0.0.0.0"
		switch i {
		case 0: // root
			actor, ip = root.User.ID, "null"
			if e.Detail["fields"] != "displayName,role" || e.Detail["role"] != "admin" || len(e.Detail) != 2 || e.UserAgent != nil {
				t.Errorf("root's entry is %+v", e)
			}
		case 6:
			if e.Detail["reason"] != "wrong_password" {
				t.Errorf("the detail of a wrong current password is %v", e.Detail)
			}
		case 8, 9:
			if e.Detail["method"] != "password" || textOf(e.UserAgent) != firefox || textOf(e.RequestID) != "log-in" {
				t.Errorf("a log-in is told as %+v", e)
			}
			if i == 9 {
				actor = "null"
			}
		}
		if textOf(e.UserID) != ada.User.ID || textOf(e.ActorID) != actor || textOf(e.IP) != ip || e.At != "2026-11-23T09:00:00Z" {
			t.Errorf("%s is told of %s by %s from %s at %s", e.Action, textOf(e.UserID), textOf(e.ActorID), textOf(e.IP), e.At)
		}
	}
	if body := string(a.send(t, "GET", "/api/v1/users/me/audit", ada.Token, "").body); strings.Contains(body, "example.com") || strings.Contains(body, "horse") {
		t.Errorf("an address or a password is in the log: %s", body)
	}
	wantActions(t, a.audit(t, "/users/me/audit?userId="+ada.User.ID, root.Token), "registered") // one's own, whoever asks for whose
	var export struct{ Audit []auditEntry }
	a.send(t, "GET", "/api/v1/users/me/export", ada.Token, "").want(t, 200, "").into(t, &export)
	if e := export.Audit[1]; textOf(e.ActorID) != root.User.ID || e.IP != nil || e.UserAgent != nil {
		t.Errorf("root's entry is exported as %+v", e)
	}
	if e := a.audit(t, "/audit?action=user_changed", root.Token).Entries[0]; textOf(e.IP) != "0.0.0.0" || textOf(e.UserAgent) != firefox {
		t.Errorf("admins see %+v", e)
	}
}

func TestLogInsThroughProvidersAreTold(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	root := a.admin(t, "rosa")
	exchange := func(code string, status int, problem string) oauthAuth {
		t.Helper()
		var in oauthAuth
		a.send(t, "POST", "/api/v1/auth/exchange", "", exchangeBody(code)).want(t, status, problem).into(t, &in)
		return in
	}
	exchange(a.come(t, gustav).Get("code"), 200, "")
	code := a.come(t, gustav).Get("code")
	made := exchange(code, 200, "")
	exchange(code, 400, "invalid_code")
	wantActions(t, a.audit(t, "/audit?userId="+made.User.ID, root.Token), "oauth_code_reused", "logged_in", "registered")

	ada := a.register(t, "ada") // who has not proved her address
	owner := models.ExternalIdentity{Provider: "google", Subject: "7", Email: "ada@example.com", EmailVerified: true}
	unproved := models.ExternalIdentity{Provider: "line", Subject: "8", Email: "ada@example.com"}
	if q := a.come(t, unproved); q.Get("error") != "account_exists" {
		t.Fatalf("an unproved address ends with %v", q)
	}
	exchange(a.come(t, owner).Get("code"), 200, "")
	a.send(t, "PATCH", "/api/v1/users/"+ada.User.ID, root.Token, `{"isActive":false}`).want(t, 200, "")
	if q := a.come(t, owner); q.Get("error") != "account_disabled" {
		t.Fatalf("a disabled account ends with %v", q)
	}
	page := a.audit(t, "/audit?userId="+ada.User.ID, root.Token)
	wantActions(t, page, "login_failed", "user_changed", "logged_in", "identity_linked", "account_handed_over", "login_failed", "registered")
	for i, want := range map[int]string{0: "account_disabled", 5: "account_exists"} {
		if got := page.Entries[i].Detail["reason"]; got != want {
			t.Errorf("the reason is %q, want %q", got, want)
		}
	}
	var grant oauthAuth
	a.send(t, "POST", "/api/v1/auth/oauth/complete", "", `{"ticket":"`+a.ticket(t, lin)+`","email":"lin@example.com"}`).want(t, 201, "").into(t, &grant)
	if e := a.audit(t, "/users/me/audit", grant.Token).Entries; len(e) != 1 || e[0].Action != "registered" || e[0].Detail["method"] != "line" {
		t.Errorf("a completed account is told as %+v", e)
	}
}

// An attempt at an account that nobody has is nobody's, and told all the same.
func TestFailedLogInsAreTold(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	root := a.admin(t, "rosa")
	ada := a.register(t, "ada")
	for _, name := range []string{"nobody", "ada"} {
		a.send(t, "POST", "/api/v1/auth/login", "", `{"username":"`+name+`","password":"wrong wrong"}`).want(t, 401, "invalid_credentials")
	}
	a.send(t, "PATCH", "/api/v1/users/"+ada.User.ID, root.Token, `{"isActive":false}`).want(t, 200, "")
	a.send(t, "POST", "/api/v1/auth/login", "", `{"username":"ada","password":"`+goodPassword+`"}`).want(t, 403, "account_disabled")
	page := a.audit(t, "/audit?action=login_failed", root.Token)
	var got []string
	for _, e := range page.Entries {
		got = append(got, fmt.Sprintf("%t %t %t %t %s", textOf(e.UserID) == ada.User.ID, e.UserID == nil, e.ActorID == nil, e.IP != nil, e.Detail["reason"]))
	}
	want := []string{"true false true true account_disabled", "true false true true invalid_credentials", "false true true true invalid_credentials"}
	if !slices.Equal(got, want) {
		t.Errorf("told as %q, want %q", got, want)
	}
	a.send(t, "POST", "/api/v1/auth/login", "", `{"username":"ada"}`).wantFields(t, "password required")
	if n := len(a.audit(t, "/audit?action=login_failed", root.Token).Entries); n != 3 {
		t.Errorf("%d attempts are told, want 3", n)
	}
}

func TestTheLogOfAllIsForAdmins(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	root, ada := a.admin(t, "rosa"), a.register(t, "ada")
	grace := a.register(t, "grace")
	a.send(t, "GET", "/api/v1/audit", "", "").want(t, 401, "unauthorized")
	a.send(t, "GET", "/api/v1/audit", ada.Token, "").want(t, 403, "forbidden")
	a.send(t, "GET", "/api/v1/users/me/audit", "", "").want(t, 401, "unauthorized")
	a.send(t, "GET", "/api/v1/users/me/export", "", "").want(t, 401, "unauthorized")
	a.send(t, "POST", "/api/v1/audit", root.Token, "").want(t, 405, "method_not_allowed")
	a.send(t, "DELETE", "/api/v1/users/me/audit", ada.Token, "").want(t, 405, "method_not_allowed")
	a.send(t, "POST", "/api/v1/auth/logout", grace.Token, "").want(t, 204, "")

	wantActions(t, a.audit(t, "/audit", root.Token), "logged_out", "registered", "registered", "registered")
	wantActions(t, a.audit(t, "/audit?userId="+grace.User.ID, root.Token), "logged_out", "registered")
	wantActions(t, a.audit(t, "/audit?userId="+strings.ToUpper(grace.User.ID), root.Token), "logged_out", "registered")
	wantActions(t, a.audit(t, "/audit?action=logged_out", root.Token), "logged_out")
	wantActions(t, a.audit(t, "/audit?action=registered&userId="+ada.User.ID, root.Token), "registered")
	wantActions(t, a.audit(t, "/audit?action=logged_out&userId="+ada.User.ID, root.Token))
	wantActions(t, a.audit(t, "/audit?userId=&action=&cursor=&limit=2", root.Token), "logged_out", "registered")
	for query, want := range map[string]string{
		"userId=ada": "userId format", "userId=" + ada.User.ID + "0": "userId format", "userId=" + strings.ReplaceAll(ada.User.ID, "-", ""): "userId format",
		"action=nothing": "action unknown_value", "action=%00": "action unknown_value", "action=registered%20logged_in": "action unknown_value",
		"limit=0": "limit range", "limit=101": "limit range", "limit=x": "limit range",
	} {
		a.send(t, "GET", "/api/v1/audit?"+query, root.Token, "").wantFields(t, want)
	}
	for _, query := range []string{"limit=0", "limit=101", "limit=-1", "limit=1.5"} {
		a.send(t, "GET", "/api/v1/users/me/audit?"+query, ada.Token, "").wantFields(t, "limit range")
	}
}

func TestAnOverloadIsNoFailedLogIn(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	root := a.admin(t, "rosa")
	a.hasher.broken = domain.ErrOverloaded
	a.send(t, "POST", "/api/v1/auth/login", "", `{"username":"rosa","password":"wrong wrong"}`).want(t, 503, "overloaded")
	wantActions(t, a.audit(t, "/audit", root.Token), "registered")
}
