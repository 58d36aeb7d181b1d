package routes_test

import (
	"fmt"
	"testing"

	"gofiber-auth/domain/models"
)

type page struct {
	Users      []user
	NextCursor string
}

func TestAdminRoutesAreForAdmins(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	ada := a.register(t, "ada")
	root := a.admin(t, "rosa")
	for _, r := range []struct{ method, path, body string }{
		{"GET", "/api/v1/users", ""},
		{"POST", "/api/v1/users", `{"email":"x@example.com","username":"xavier"}`},
		{"GET", "/api/v1/users/" + root.User.ID, ""},
		{"PATCH", "/api/v1/users/" + root.User.ID, `{"isActive":false}`},
		{"DELETE", "/api/v1/users/" + root.User.ID, ""},
	} {
		a.send(t, r.method, r.path, "", r.body).want(t, 401, "unauthorized")
		a.send(t, r.method, r.path, ada.Token, r.body).want(t, 403, "forbidden")
	}
	// The role in the token is not what decides: demotion works at the next request, and so
	// does promotion.
	a.send(t, "PATCH", "/api/v1/users/"+ada.User.ID, root.Token, `{"role":"admin"}`).want(t, 200, "")
	a.send(t, "GET", "/api/v1/users", ada.Token, "").want(t, 200, "")
	a.send(t, "PATCH", "/api/v1/users/"+root.User.ID, ada.Token, `{"role":"user"}`).want(t, 200, "")
	a.send(t, "GET", "/api/v1/users", root.Token, "").want(t, 403, "forbidden")
}

func TestAdminCreates(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	root := a.admin(t, "rosa")
	post := func(body string) answer { return a.send(t, "POST", "/api/v1/users", root.Token, body) }
	var made user
	post(`{"email":"Ada@example.com","username":"ada","password":"`+goodPassword+`","role":"admin","displayName":"Ada"}`).want(t, 201, "").into(t, &made)
	if made.Role != "admin" || made.Email != "ada@example.com" || made.LastLoginAt != nil {
		t.Errorf("made %+v", made)
	}
	if events := a.store.EventsOf(t, made.ID); len(events) != 1 || events[0].Action != models.ActionCreated {
		t.Errorf("events = %+v", events)
	}
	post(`{"email":"ada@example.com","username":"other"}`).want(t, 409, "email_taken")
	post(`{"email":"other@example.com","username":"ADA"}`).want(t, 409, "username_taken")
	post(`{"email":"x@example.com","username":"xavier","role":"king"}`).wantFields(t, "role unknown_value")
	post(`{"email":"x@example.com","username":"xavier","password":""}`).wantFields(t, "password required")
	post(`{"email":"x@example.com","username":"xavier","password":null}`).want(t, 201, "")
}

func TestAdminChanges(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	root, ada := a.admin(t, "rosa"), a.register(t, "ada")
	path := "/api/v1/users/" + ada.User.ID
	patch := func(body string) answer { return a.send(t, "PATCH", path, root.Token, body) }
	patch(`{"role":null}`).wantFields(t, "role not_null")
	patch(`{"isActive":null}`).wantFields(t, "isActive not_null")
	patch(`{"isActive":"yes"}`).wantFields(t, "isActive type")
	patch(`{"role":"king"}`).wantFields(t, "role unknown_value")
	patch(`{"username":"ROSA"}`).want(t, 409, "username_taken")
	var u user
	patch(`{"email":"New@example.com","displayName":"Ada","role":"admin"}`).want(t, 200, "").into(t, &u)
	if u.Email != "new@example.com" || u.Role != "admin" || *u.DisplayName != "Ada" {
		t.Errorf("changed to %+v", u)
	}
	patch(`{"role":"user","avatar":"https://a.example.com/x.png"}`).want(t, 200, "") // no event
	a.send(t, "GET", path, root.Token, "").want(t, 200, "")
	a.send(t, "DELETE", path, root.Token, "").want(t, 204, "")
	a.send(t, "DELETE", path, root.Token, "").want(t, 404, "not_found")
	a.send(t, "GET", path, root.Token, "").want(t, 404, "not_found")
	patch(`{"role":"user"}`).want(t, 404, "not_found")
	a.send(t, "GET", "/api/v1/users/no-id", root.Token, "").want(t, 404, "not_found")
	var got []models.Action
	for i, e := range a.store.EventsOf(t, ada.User.ID) {
		got = append(got, e.Action)
		if e.Version != int64(i+1) {
			t.Errorf("event %d has version %d", i+1, e.Version)
		}
	}
	if fmt.Sprint(got) != "[created updated deleted]" {
		t.Errorf("events %v", got)
	}
}

func TestLastAdmin(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	root, ada := a.admin(t, "rosa"), a.admin(t, "ada")
	me := "/api/v1/users/" + root.User.ID
	a.send(t, "PATCH", "/api/v1/users/"+ada.User.ID, root.Token, `{"isActive":false}`).want(t, 200, "") // she does not count any more
	a.send(t, "PATCH", me, root.Token, `{"role":"user"}`).want(t, 409, "last_admin")
	a.send(t, "PATCH", me, root.Token, `{"isActive":false}`).want(t, 409, "last_admin")
	a.send(t, "DELETE", me, root.Token, currentPassword).want(t, 409, "last_admin")
	a.send(t, "PATCH", me, root.Token, `{"role":"admin","isActive":true,"displayName":"Root"}`).want(t, 200, "")
	a.send(t, "PATCH", "/api/v1/users/"+ada.User.ID, root.Token, `{"role":"user"}`).want(t, 200, "")
}
