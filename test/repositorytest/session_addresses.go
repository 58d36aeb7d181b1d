package repositorytest

import (
	"testing"
	"time"

	"gofiber-auth/domain/models"
)

var addressTests = map[string]func(t *testing.T, s store){
	"where a user is logged in, those used last first": func(t *testing.T, s store) {
		ada, grace := s.user(t, "Ada"), s.user(t, "Grace")
		end := kept(now.Add(time.Hour))
		at := func(ip string, used time.Time, ends time.Time) func(*models.Session) {
			return func(s *models.Session) { s.IP, s.LastUsedAt, s.ExpiresAt = ip, used, ends }
		}
		s.logIn(t, ada, at("192.0.2.1", now, end))
		s.logIn(t, ada, at("192.0.2.2", now.Add(time.Minute), end))
		s.logIn(t, ada, at("2001:db8::3", now.Add(-time.Minute), end))
		s.logIn(t, ada, at("192.0.2.4", now, now.Add(time.Minute)))
		s.logIn(t, grace, at("192.0.2.5", now, end))
		for limit, want := range map[int][]string{
			10: {"192.0.2.2", "192.0.2.1", "2001:db8::3"},
			2:  {"192.0.2.2", "192.0.2.1"},
		} {
			wantGot(t, want)(s.Sessions.AddressesOf(t.Context(), ada.ID, end.Add(-time.Minute).In(time.FixedZone("Auckland", 13*60*60)), limit))
		}
		wantSame(t, lenOf(s.Sessions.AddressesOf(t.Context(), ada.ID, end, 10)), 0)
	},
	"nobody is logged in who is not there": func(t *testing.T, s store) {
		for _, id := range append(noIDs, newID()) {
			wantSame(t, lenOf(s.Sessions.AddressesOf(t.Context(), id, now, 10)), 0)
		}
	},
}
