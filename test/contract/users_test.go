package contract

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"gofiber-auth/test/client"
)

func TestMyAccount(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		a, taken := s.one.Register(t), s.one.Register(t).User
		patch := func(body string) request {
			return request{Method: "PATCH", Path: "/users/me", Token: a.Token, Body: body}
		}
		var members map[string]any
		s.two.Must(t, request{Method: "GET", Path: "/users/me", Token: a.Token}, 200, &members)
		for _, name := range []string{"id", "email", "username", "displayName", "avatar", "role", "isActive", "isOauthUser", "oauthProvider", "emailVerified", "lastLoginAt", "createdAt", "updatedAt", "pendingEmail", "hasPassword"} {
			if _, there := members[name]; !there {
				t.Errorf("User has no %s", name)
			}
		}
		for name := range members {
			if strings.Contains(strings.ToLower(name), "password") && name != "hasPassword" || strings.Contains(strings.ToLower(name), "token") {
				t.Errorf("User has %s", name)
			}
		}
		for _, c := range []struct {
			body   string
			status int
			code   string
		}{
			{`{"email":null}`, 422, "validation_failed email"},
			{`{"username":null}`, 422, "validation_failed username"},
			{`{"username":"` + strings.ToUpper(taken.Username) + `"}`, 409, "username_taken"},
			{object("email", strings.ToUpper(taken.Email), "currentPassword", client.Password), 409, "email_taken"},
			{object("email", "new."+a.User.Email), 403, "wrong_password"},
			{object("email", "new."+a.User.Email, "currentPassword", "wrong words"), 403, "wrong_password"},
			{`{"avatar":"http://pictures.example/ada.png"}`, 422, "validation_failed avatar"},
			{`{"displayName":""}`, 422, "validation_failed displayName"},
			{`{"displayName":"Ada\u202e"}`, 422, "validation_failed displayName format"},
			{`{"username":"Admin"}`, 422, "validation_failed username reserved"},
			{`{"displayName":"` + strings.Repeat("x", 101) + `"}`, 422, "validation_failed displayName"},
		} {
			if got := s.one.Send(t, patch(c.body)); got.Status != c.status || !strings.HasPrefix(got.Code(), c.code) {
				t.Errorf("PATCH %s = %d %s, want %d %s", c.body, got.Status, got.Body, c.status, c.code)
			}
		}
		if got := s.two.Me(t, a.Token); got.Email != a.User.Email || got.Username != a.User.Username {
			t.Errorf("refused changes leave %+v", got)
		}
		name := client.Name()
		s.one.Must(t, patch(fmt.Sprintf(`{"username":"Ada.%s","displayName":"Ada Lovelace","avatar":"https://pictures.example/ada.png","role":"admin","emailVerified":true}`, name)), 200, nil)
		got := s.two.Me(t, a.Token)
		if got.Username != "Ada."+name || got.DisplayName == nil || *got.DisplayName != "Ada Lovelace" || got.Avatar == nil || got.Role != "user" || got.EmailVerified {
			t.Errorf("the user is %+v", got)
		}
		s.two.Must(t, patch(`{"displayName":null,"avatar":null}`), 200, nil)
		if got := s.one.Me(t, a.Token); got.DisplayName != nil || got.Avatar != nil || got.Username != "Ada."+name {
			t.Errorf("the user is %+v", got)
		}
	})
}

func TestPasswordChange(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		a := s.one.Register(t)
		other := s.two.LogIn(t, a.User.Email, client.Password)
		change := func(current, next string) request {
			return request{Method: "PUT", Path: "/users/me/password", Token: a.Token, Body: object("currentPassword", current, "newPassword", next)}
		}
		s.two.Refuses(t, change("wrong words", client.Another), 403, "wrong_password")
		s.two.Refuses(t, request{Method: "PUT", Path: "/users/me/password", Token: a.Token, Body: object("newPassword", client.Another)}, 403, "wrong_password")
		s.lives(t, "another session", other)
		s.mails(t, a.User.Email, 1)
		var next auth
		s.two.Must(t, change(client.Password, client.Another), 200, &next)
		s.dead(t, "another session", other)
		s.dead(t, "the session that changed the password", a)
		s.lives(t, "the session that begins", next.Seen())
		s.one.Refuses(t, client.Login(a.User.Email, client.Password), 401, "invalid_credentials")
		s.one.LogIn(t, a.User.Username, client.Another)
		if notice := s.mails(t, a.User.Email, 2)[1]; strings.Contains(notice.Text+notice.HTML, "token=") {
			t.Errorf("the notice has a token: %s", notice.Raw)
		}
	})
}

func TestDeletion(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		a := s.one.Register(t)
		other := s.two.LogIn(t, a.User.Email, client.Password)
		remove := request{Method: "DELETE", Path: "/users/me", Token: a.Token, Body: object("currentPassword", "wrong words")}
		s.one.Refuses(t, remove, 403, "wrong_password")
		s.lives(t, "the user", a)
		remove.Body = object("currentPassword", client.Password)
		s.two.Must(t, remove, 204, nil)
		s.dead(t, "a deleted user", a)
		s.dead(t, "a deleted user", other)
		s.one.Refuses(t, client.Login(a.User.Email, client.Password), 401, "invalid_credentials")
		if again := s.one.RegisterAs(t, a.User.Username); again.User.ID == a.User.ID { // both names are free
			t.Error("the new user is the old one")
		}
		s.dead(t, "a deleted user", a)
	})
}

// user is what an admin reads of a user.
type user = client.User

// allUsers reads GET /users to its end, in pages of the size; path may have a query.
func (s *service) allUsers(t *testing.T, token, query string, size int) (all []user) {
	t.Helper()
	cursor := ""
	for {
		var page struct {
			Users      []user
			NextCursor string
		}
		s.Must(t, request{Method: "GET", Path: fmt.Sprintf("/users?limit=%d&cursor=%s&%s", size, cursor, query), Token: token}, 200, &page)
		if len(page.Users) > size {
			t.Fatalf("a page has %d users, want at most %d", len(page.Users), size)
		}
		all = append(all, page.Users...)
		if cursor = page.NextCursor; cursor == "" {
			return all
		}
	}
}

func TestAdminsManageUsers(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		admin, member := s.one.NewAdmin(t, s.env), s.one.Register(t)
		for _, r := range []request{
			{Method: "GET", Path: "/users"}, {Method: "POST", Path: "/users", Body: `{}`}, {Method: "GET", Path: "/users/" + member.User.ID},
			{Method: "PATCH", Path: "/users/" + member.User.ID, Body: `{"role":"admin"}`}, {Method: "DELETE", Path: "/users/" + member.User.ID},
		} {
			r.Token = member.Token
			s.two.Refuses(t, r, 403, "forbidden")
		}
		name := client.Name()
		var made user
		s.one.Must(t, request{Method: "POST", Path: "/users", Token: admin.Token, Body: object("email", name+"@example.com", "username", name, "password", client.Password, "role", "admin")}, 201, &made)
		if made.Role != "admin" || made.Email != name+"@example.com" || !made.IsActive {
			t.Errorf("the user made is %+v", made)
		}
		path := "/users/" + made.ID
		patch := func(body string) request { return request{Method: "PATCH", Path: path, Token: admin.Token, Body: body} }
		second := s.two.LogIn(t, made.Email, client.Password)
		s.two.Must(t, request{Method: "GET", Path: "/users", Token: second.Token}, 200, nil)
		s.one.Must(t, patch(`{"role":"user"}`), 200, nil)
		if got := s.two.Send(t, request{Method: "GET", Path: "/users", Token: second.Token}); got.Status == 200 {
			t.Error("an admin of before still reads users")
		}
		s.one.Must(t, patch(`{"displayName":"Ada","avatar":"https://pictures.example/ada.png","username":"The.`+name+`"}`), 200, nil)
		s.one.Must(t, patch(object("email", "moved."+made.Email)), 200, nil)
		var got user
		s.two.Must(t, request{Method: "GET", Path: path, Token: admin.Token}, 200, &got)
		if got.Email != "moved."+made.Email || got.Username != "The."+name || got.DisplayName == nil || got.Role != "user" || got.EmailVerified {
			t.Errorf("the user is %+v", got)
		}
		before := s.one.LogIn(t, got.Email, client.Password)
		s.two.Must(t, patch(`{"isActive":false}`), 200, nil)
		s.dead(t, "a disabled user", before)
		s.one.Refuses(t, client.Login(got.Email, client.Password), 403, "account_disabled")
		s.two.Must(t, patch(`{"isActive":true}`), 200, nil)
		s.dead(t, "a user enabled again, whose sessions have ended", before)
		after := s.one.LogIn(t, got.Email, client.Password)
		s.two.Must(t, request{Method: "DELETE", Path: path, Token: admin.Token}, 204, nil)
		s.dead(t, "a deleted user", after)
		for _, id := range []string{made.ID, "0199aaaa-bbbb-7ccc-8ddd-eeeeffff0000", "x"} {
			s.one.Refuses(t, request{Method: "GET", Path: "/users/" + id, Token: admin.Token}, 404, "not_found")
		}
	})
}

// TestLastAdminStays has two admins who demote each other at once. It needs a database without
// other admins.
func TestLastAdminStays(t *testing.T) {
	t.Parallel()
	onOwn(t, nil, func(t *testing.T, s *setup) {
		admin := s.one.NewAdmin(t, s.env)
		for name, r := range map[string]request{
			"demotion":     {Method: "PATCH", Path: "/users/" + admin.User.ID, Body: `{"role":"user"}`},
			"deactivation": {Method: "PATCH", Path: "/users/" + admin.User.ID, Body: `{"isActive":false}`},
			"deletion":     {Method: "DELETE", Path: "/users/" + admin.User.ID, Body: object("currentPassword", client.Password)},
			"own deletion": {Method: "DELETE", Path: "/users/me", Body: object("currentPassword", client.Password)},
		} {
			r.Token = admin.Token
			if got := s.one.Send(t, r); got.Status != 409 || got.Code() != "last_admin" {
				t.Errorf("%s of the last admin = %d %s", name, got.Status, got.Body)
			}
		}
		for range 5 {
			second := s.one.NewAdmin(t, s.env)
			two := []auth{admin, second}
			client.AtOnce(2, func(n int) {
				s.one.Send(t, request{Method: "PATCH", Path: "/users/" + two[1-n].User.ID, Token: two[n].Token, Body: `{"isActive":false}`})
			})
			var left []auth
			for _, a := range two {
				if s.one.Send(t, request{Method: "GET", Path: "/users", Token: a.Token}).Status == 200 {
					left = append(left, a)
				}
			}
			if len(left) != 1 {
				t.Fatalf("%d admins are left, want 1", len(left))
			}
			admin = left[0]
		}
	})
}

// decoded is a body as a map.
func decoded(t *testing.T, a answer) (members map[string]any) {
	t.Helper()
	if err := json.Unmarshal(a.Body, &members); err != nil {
		t.Fatal(err)
	}
	return members
}
