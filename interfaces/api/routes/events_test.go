package routes_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
	"gofiber-auth/interfaces/api/openapi/openapitest"
)

// call is one successful call of a route, and the event that it makes: one, or none where
// that is empty.
type call struct {
	what       string
	path, body string // path: where the route has parameters
	token      string
	status     int
	event      models.Action
}

// people is who calls: somebody who may, an admin, and somebody whom the call is about; and how
// somebody comes from an identity provider.
type people struct {
	ada, root, grace auth
	come             func(who models.ExternalIdentity) (code string)
	ticket           func(who models.ExternalIdentity) string
	link             func(token string, who models.ExternalIdentity)
	callback         func(who models.ExternalIdentity) (path string)
	mailed           func(kind models.MailKind, of auth) (token string)
}

const none models.Action = ""

// eventsOfRoutes is every route with what it makes. A new route has to be listed here, with
// each way in which it makes a user, changes an identity or removes one.
var eventsOfRoutes = map[string]func(p people) []call{
	"POST /api/v1/auth/register": func(people) []call {
		return []call{{"", "", `{"email":"new@example.com","username":"newcomer","password":"` + goodPassword + `"}`, "", 201, models.ActionCreated}}
	},
	"POST /api/v1/auth/login": func(people) []call {
		return []call{{"", "", `{"username":"ada","password":"` + goodPassword + `"}`, "", 200, none}}
	},
	"POST /api/v1/auth/password/forgot": func(people) []call {
		return []call{{"", "", `{"email":"ada@example.com"}`, "", 202, none}, {"nobody's", "", `{"email":"nobody@example.com"}`, "", 202, none}}
	},
	"POST /api/v1/auth/password/reset": func(p people) []call {
		return []call{{"", "", `{"token":"` + p.mailed(models.MailReset, p.ada) + `","password":"another horse battery"}`, "", 204, none}}
	},
	"POST /api/v1/auth/email/verify": func(p people) []call {
		return []call{{"", "", `{"token":"` + p.mailed(models.MailVerify, p.ada) + `"}`, p.ada.Token, 204, none}}
	},
	"POST /api/v1/auth/email/resend": func(p people) []call { return []call{{"", "", "", p.ada.Token, 202, none}} },
	"GET /api/v1/auth/settings":      silent("/api/v1/auth/settings"),
	"GET /api/v1/auth/{provider}":    silent("/api/v1/auth/line"),
	"GET /api/v1/auth/{provider}/callback": func(p people) []call {
		return []call{{"", p.callback(gustav), "", "", 302, none}}
	},
	"POST /api/v1/auth/exchange": func(p people) []call {
		exchange := func(what string, who models.ExternalIdentity, event models.Action) call {
			return call{what, "", exchangeBody(p.come(who)), "", 200, event}
		}
		owner := models.ExternalIdentity{Provider: "google", Subject: "7", Email: "ada@example.com", EmailVerified: true}
		return []call{
			exchange("somebody new", gustav, models.ActionCreated),
			exchange("somebody known", gustav, none),
			exchange("the owner of an address", owner, none),
		}
	},
	"POST /api/v1/auth/oauth/complete": func(p people) []call {
		return []call{{"", "", `{"ticket":"` + p.ticket(lin) + `","email":"lin@example.com"}`, "", 201, models.ActionCreated}}
	},
	"GET /api/v1/users/me/oauth-providers": func(p people) []call {
		return []call{{"", "", "", p.ada.Token, 200, none}}
	},
	"POST /api/v1/users/me/oauth-providers/{provider}": func(p people) []call {
		return []call{{"", "/api/v1/users/me/oauth-providers/line", currentPassword, p.ada.Token, 200, none}}
	},
	"DELETE /api/v1/users/me/oauth-providers/{provider}": func(p people) []call {
		p.link(p.ada.Token, lin)
		return []call{{"", "/api/v1/users/me/oauth-providers/line", currentPassword, p.ada.Token, 204, none}}
	},
	"POST /api/v1/auth/refresh": func(p people) []call {
		return []call{{"", "", `{"refreshToken":"` + p.ada.RefreshToken + `"}`, "", 200, none}}
	},
	"GET /api/v1/users/me/sessions":    func(p people) []call { return []call{{"", "", "", p.ada.Token, 200, none}} },
	"DELETE /api/v1/users/me/sessions": func(p people) []call { return []call{{"", "", "", p.ada.Token, 204, none}} },
	"DELETE /api/v1/users/me/sessions/{id}": func(p people) []call {
		return []call{{"", "/api/v1/users/me/sessions/" + sessionIDOf(p.ada), "", p.ada.Token, 204, none}}
	},
	"POST /api/v1/auth/logout": func(p people) []call { return []call{{"", "", "", p.ada.Token, 204, none}} },
	"GET /api/v1/users/me":     func(p people) []call { return []call{{"", "", "", p.ada.Token, 200, none}} },
	"PATCH /api/v1/users/me": func(p people) []call {
		me := func(what, body string, event models.Action) call {
			return call{what, "", body, p.ada.Token, 200, event}
		}
		return []call{
			me("username", `{"username":"countess"}`, models.ActionUpdated),
			me("another spelling", `{"username":"Countess"}`, models.ActionUpdated),
			me("e-mail, which waits for its proof", `{"email":"countess@example.com","currentPassword":"`+goodPassword+`"}`, none),
			me("both at once", `{"email":"ada@example.com","username":"ada","currentPassword":"`+goodPassword+`"}`, models.ActionUpdated),
			me("the same", `{"email":"ADA@example.com","username":"ada"}`, none),
			me("the profile", `{"displayName":"Ada","avatar":"https://images.example.com/ada.jpg"}`, none),
			me("nothing", `{}`, none),
		}
	},
	"PUT /api/v1/users/me/password": func(p people) []call {
		return []call{{"", "", `{"currentPassword":"` + goodPassword + `","newPassword":"another horse battery"}`, p.ada.Token, 200, none}}
	},
	"DELETE /api/v1/users/me": func(p people) []call {
		return []call{{"", "", `{"currentPassword":"` + goodPassword + `"}`, p.ada.Token, 204, models.ActionDeleted}}
	},
	"GET /api/v1/users/me/audit":  func(p people) []call { return []call{{"", "", "", p.ada.Token, 200, none}} },
	"GET /api/v1/users/me/export": func(p people) []call { return []call{{"", "", "", p.ada.Token, 200, none}} },
	"GET /api/v1/audit":           func(p people) []call { return []call{{"", "", "", p.root.Token, 200, none}} },
	"GET /api/v1/users":           func(p people) []call { return []call{{"", "", "", p.root.Token, 200, none}} },
	"POST /api/v1/users": func(p people) []call {
		return []call{{"", "", `{"email":"new@example.com","username":"newcomer"}`, p.root.Token, 201, models.ActionCreated}}
	},
	"GET /api/v1/users/{id}": func(p people) []call {
		return []call{{"", "/api/v1/users/" + p.grace.User.ID, "", p.root.Token, 200, none}}
	},
	"PATCH /api/v1/users/{id}": func(p people) []call {
		grace := func(what, body string, event models.Action) call {
			return call{what, "/api/v1/users/" + p.grace.User.ID, body, p.root.Token, 200, event}
		}
		return []call{
			grace("username", `{"username":"admiral"}`, models.ActionUpdated),
			grace("e-mail", `{"email":"admiral@example.com"}`, models.ActionUpdated),
			grace("the role", `{"role":"admin"}`, none),
			grace("activity", `{"isActive":false}`, none),
			grace("the profile", `{"displayName":"Grace"}`, none),
			grace("identity and role at once", `{"username":"grace","role":"user","isActive":true}`, models.ActionUpdated),
		}
	},
	"DELETE /api/v1/users/{id}": func(p people) []call {
		return []call{{"", "/api/v1/users/" + p.grace.User.ID, "", p.root.Token, 204, models.ActionDeleted}}
	},
	"GET /api/v1/internal/users": func(people) []call { return []call{{"", "", "", syncToken, 200, none}} },
	"GET /health":                silent(""),
	"GET /health/live":           silent(""),
	"GET /health/ready":          silent(""),
	"GET /metrics":               silent(""),
	"GET /openapi.yaml":          silent(""),
	"GET /docs":                  silent(""),
	"GET /docs/{file}":           silent("/docs/swagger-ui.css"),
	"GET /problems/{code}":       silent("/problems/" + strings.ReplaceAll(domain.ErrNotFound.Code, "_", "-")),
}

func silent(path string) func(people) []call {
	return func(people) []call { return []call{{"", path, "", "", 200, none}} }
}

// Every way a user comes to be, changes identity or goes makes exactly one right event;
// everything else makes none.
func TestEveryRouteMakesItsEvents(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(openapitest.Routes(t), slices.Sorted(maps.Keys(eventsOfRoutes))); diff != "" {
		t.Errorf("the routes (-) and those whose events are known (+) differ:\n%s", diff)
	}
	for route, calls := range eventsOfRoutes {
		t.Run(route, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t)
			p := people{
				ada: a.register(t, "ada"), root: a.admin(t, "rosa"), grace: a.register(t, "grace"),
				come:   func(who models.ExternalIdentity) string { return a.come(t, who).Get("code") },
				ticket: func(who models.ExternalIdentity) string { return a.ticket(t, who) },
				mailed: func(kind models.MailKind, of auth) string { return a.mailed(t, kind, of) },
				link:   func(token string, who models.ExternalIdentity) { a.link(t, token, who) },
				callback: func(who models.ExternalIdentity) string {
					address, _ := a.provider(t, "GET", startPath(who.Provider), "")
					return callbackPath(t, address, who)
				},
			}
			for _, c := range calls(p) {
				a.wantEvent(t, route, c)
			}
		})
	}
}

func (a *api) wantEvent(t *testing.T, route string, c call) {
	t.Helper()
	method, path, _ := strings.Cut(route, " ")
	if c.path != "" {
		path = c.path
	}
	before := a.store.Count(t, "outbox_events")
	was := map[string]models.User{}
	for _, u := range a.store.AllUsers(t) {
		was[u.ID] = u
	}
	a.send(t, method, path, c.token, c.body, "X-Request-ID", "the-cause").want(t, c.status, "")
	made := a.store.AllEvents(t)[before:]
	if c.event == none {
		if len(made) != 0 {
			t.Errorf("%s: made %v, want no event", c.what, made)
		}
		return
	}
	if len(made) != 1 || made[0].Action != c.event {
		t.Fatalf("%s: made %v, want one %s", c.what, made, c.event)
	}
	e := made[0]
	is, err := a.store.Users.ByID(t.Context(), e.UserID)
	if c.event == models.ActionDeleted {
		if err == nil {
			t.Errorf("%s: the user is still there", c.what)
		}
		is = was[e.UserID]
		is.Version++
	}
	want := models.OutboxEvent{
		ID: e.ID, UserID: is.ID, Version: was[e.UserID].Version + 1, Action: c.event,
		Email: is.Email, Username: is.Username, RequestID: "the-cause", OccurredAt: a.clock.Now(),
	}
	if e != want || is.Version != want.Version {
		t.Errorf("%s: made %+v of version %d, want %+v", c.what, e, is.Version, want)
	}
}
