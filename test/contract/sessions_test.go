package contract

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"gofiber-auth/test/client"
)

// endSession is the request that ends one session, or for "" all but the current one.
func endSession(token, id string) request {
	return request{Method: "DELETE", Path: strings.TrimSuffix("/users/me/sessions/"+id, "/"), Token: token}
}

func TestSessionList(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		login := func(agent, address string, r request) (a auth) {
			r.Header = map[string]string{"User-Agent": agent, "X-Forwarded-For": address}
			got := s.one.Send(t, r)
			if err := json.Unmarshal(got.Body, &a); err != nil {
				t.Fatal(err)
			}
			return a.Seen()
		}
		a := login("Firefox on a phone", "192.0.2.1, 203.0.113.5", client.Registration(client.Name()))
		b := login("Lynx ü 😀", "2001:db8::17", client.Login(a.User.Email, client.Password))
		c := login("\xff\xfe "+strings.Repeat("ü", 1200), "<script>", client.Login(a.User.Email, client.Password))
		s.one.Register(t) // whose session is in no other list
		var raw []map[string]any
		s.two.Must(t, request{Method: "GET", Path: "/users/me/sessions", Token: a.Token}, 200, &raw)
		for _, one := range raw {
			names := slices.Sorted(maps.Keys(one))
			for _, want := range []string{"createdAt", "current", "id", "ip", "lastUsedAt", "method", "userAgent"} {
				if !slices.Contains(names, want) {
					t.Errorf("a session has %v", names)
				}
			}
			if at, _ := one["createdAt"].(string); !strings.HasSuffix(at, "Z") {
				t.Errorf("createdAt is %q, want UTC", at)
			}
		}
		before := s.two.Sessions(t, b.Token)
		if len(before) != 3 {
			t.Fatalf("there are %d sessions, want 3", len(before))
		}
		for n, want := range []struct {
			auth      auth
			agent, ip string
		}{{c, "", "127.0.0.1"}, {b, "Lynx ü 😀", "2001:db8::17"}, {a, "Firefox on a phone", "203.0.113.5"}} {
			got := before[n] // the newest first
			if got.ID != client.SID(t, want.auth.Token) || want.agent != "" && got.UserAgent != want.agent || got.IP != want.ip || got.Method != "password" || got.Current != (n == 1) || time.Since(got.CreatedAt).Abs() > time.Minute {
				t.Errorf("session %d is %+v, want %s from %s", n, got, want.agent, want.ip)
			}
		}
		s.one.Refresh(t, b.RefreshToken)
		for _, got := range s.two.Sessions(t, a.Token) {
			if old := before[1]; got.ID == old.ID && (!got.LastUsedAt.After(old.LastUsedAt) || !got.CreatedAt.Equal(old.CreatedAt)) {
				t.Errorf("a refresh makes %+v of %+v", got, old)
			}
		}
	})
}

func TestEndingSessions(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		t.Run("of another user", func(t *testing.T) {
			t.Parallel()
			mine, theirs := s.one.Register(t), s.one.Register(t)
			for _, id := range []string{client.SID(t, theirs.Token), "0199aaaa-bbbb-7ccc-8ddd-eeeeffff0000", "x", "%00", "1'%20OR%20'1'='1"} {
				s.two.Refuses(t, endSession(mine.Token, id), 404, "not_found")
			}
			s.lives(t, "the other user", theirs)
			s.one.Refresh(t, theirs.RefreshToken)
		})
		t.Run("one", func(t *testing.T) {
			t.Parallel()
			mine := s.one.Register(t)
			other := s.one.LogIn(t, mine.User.Email, client.Password)
			s.two.Must(t, endSession(mine.Token, client.SID(t, other.Token)), 204, nil)
			s.dead(t, "the ended session", other)
			s.lives(t, "the current session", mine)
			s.one.Refuses(t, endSession(mine.Token, client.SID(t, other.Token)), 404, "not_found")
			s.two.Must(t, endSession(mine.Token, client.SID(t, mine.Token)), 204, nil)
			s.dead(t, "the session that ended itself", mine)
		})
		t.Run("all others", func(t *testing.T) {
			t.Parallel()
			mine := s.one.Register(t)
			others := []auth{s.one.LogIn(t, mine.User.Email, client.Password), s.two.LogIn(t, mine.User.Email, client.Password)}
			s.two.Must(t, endSession(mine.Token, ""), 204, nil)
			for _, other := range others {
				s.dead(t, "another session", other)
			}
			s.lives(t, "the current session", mine)
			s.two.Refresh(t, mine.RefreshToken)
		})
		t.Run("by log-out", func(t *testing.T) {
			t.Parallel()
			mine := s.one.Register(t)
			other := s.one.LogIn(t, mine.User.Email, client.Password)
			s.two.Must(t, request{Method: "POST", Path: "/auth/logout", Token: mine.Token}, 204, nil)
			s.dead(t, "the session", mine)
			s.lives(t, "another session", other)
		})
	})
}

// TestWhatEndsSessionsRacesLogIns has log-ins, refreshes and requests at both instances while the
// sessions end. Nothing of before survives the acknowledged end.
func TestWhatEndsSessionsRacesLogIns(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		admin := s.one.NewAdmin(t, s.env)
		for name, c := range map[string]struct {
			end    func(t *testing.T, a auth) request
			status int
			after  string // the password from then on
		}{
			"a change of the password": {func(_ *testing.T, a auth) request {
				return request{Method: "PUT", Path: "/users/me/password", Token: a.Token, Body: object("currentPassword", client.Password, "newPassword", client.Another)}
			}, 200, client.Another},
			"a reset": {func(t *testing.T, a auth) request {
				s.mails(t, a.User.Email, 1)
				return reset(s.askReset(t, a.User.Email, 2), client.Another)
			}, 204, client.Another},
			"disabling": {func(_ *testing.T, a auth) request {
				return request{Method: "PATCH", Path: "/users/" + a.User.ID, Token: admin.Token, Body: `{"isActive":false}`}
			}, 200, ""},
			"deletion": {func(_ *testing.T, a auth) request {
				return request{Method: "DELETE", Path: "/users/" + a.User.ID, Token: admin.Token}
			}, 204, ""},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				for round := range 4 {
					a := s.one.Register(t)
					b := s.two.LogIn(t, a.User.Email, client.Password)
					end := c.end(t, a)
					minted := make([]auth, 8)
					client.AtOnce(len(minted), func(k int) {
						at := s.at(k + round)
						switch {
						case k == 0:
							if got := at.Send(t, end); got.Status != c.status {
								t.Errorf("the end = %d %s, want %d", got.Status, got.Body, c.status)
							}
						case k < 5:
							if got := at.Send(t, client.Login(a.User.Email, client.Password)); got.Status == 200 {
								if err := got.Decode(200, &minted[k]); err != nil {
									t.Error(err)
								}
								minted[k].Seen()
							}
						case k < 7:
							_, minted[k] = at.TryRefresh(t, b.RefreshToken)
						default:
							for range 5 { // so that the session gets into whatever remembers sessions
								at.Send(t, request{Method: "GET", Path: "/users/me", Token: b.Token})
							}
						}
					})
					for _, m := range append(minted, b) {
						if m.Token != "" {
							s.dead(t, "a session of before", m)
						}
					}
					if c.after != "" {
						s.two.LogIn(t, a.User.Email, c.after)
						s.one.Refuses(t, client.Login(a.User.Email, client.Password), 401, "invalid_credentials")
					}
				}
			})
		}
	})
}

// TestEndsOfSessionsRaceTheirUse has requests at both instances while a session ends: neither
// remembers it as a live one.
func TestEndsOfSessionsRaceTheirUse(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		mine := s.one.Register(t)
		for n := range 15 {
			other := s.at(n).LogIn(t, mine.User.Email, client.Password)
			client.AtOnce(7, func(k int) {
				if k == 0 {
					if got := s.at(n/2).Send(t, endSession(mine.Token, client.SID(t, other.Token))); got.Status != 204 {
						t.Errorf("end = %d %s", got.Status, got.Body)
					}
					return
				}
				for range 3 {
					s.at(k).Send(t, request{Method: "GET", Path: "/users/me", Token: other.Token})
				}
			})
			s.dead(t, "the ended session", other)
		}
		s.lives(t, "the session that ended them", mine)
	})
}
