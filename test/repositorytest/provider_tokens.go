package repositorytest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
)

var providerTokenTests = map[string]func(t *testing.T, s store){
	"pages hold every identity with a token, in the order of ids": func(t *testing.T, s store) {
		var want []string
		for n := range 7 {
			u := account(fmt.Sprintf("user%d", n))
			i := identity(u, models.ProviderGoogle)
			switch n {
			case 2:
				i.AccessToken = ""
			case 3:
				i.RefreshToken = ""
			case 4:
				i.AccessToken, i.RefreshToken = "", ""
			}
			s.create(t, u)
			s.link(t, i)
			if n != 4 {
				want = append(want, i.ID)
			}
		}
		for _, limit := range []int{1, 2, 6, 100} {
			var got []string
			for after := ""; ; after = got[len(got)-1] {
				page, err := s.Identities.Page(t.Context(), after, limit)
				noError(t, "Page()", err)
				if got = append(got, idsOf(page)...); len(page) < limit {
					break
				}
			}
			wantSame(t, got, want)
		}
		for _, limit := range []int{0, -1} {
			wantSame(t, lenOf(s.Identities.Page(t.Context(), "", limit)), 0)
		}
		for _, after := range noIDs[1:] {
			wantError(t, "Page()", errOf(s.Identities.Page(t.Context(), after, 1)), domain.ErrNotFound)
		}
	},
	"a page holds whole identities": func(t *testing.T, s store) {
		ada := s.user(t, "Ada")
		want := identity(ada, models.ProviderGoogle)
		s.link(t, want)
		page, err := s.Identities.Page(t.Context(), "", 1)
		noError(t, "Page()", err)
		wantIdentity(t, page[0], want)
	},
	"tokens are replaced where they are still those, and nothing else changes": func(t *testing.T, s store) {
		ada, grace := s.user(t, "Ada"), s.user(t, "Grace")
		for n, tokens := range [][2]string{{"v1.a", "v1.r"}, {"v1.a", ""}, {"", "v1.r"}, {"", ""}} {
			u := []models.User{ada, grace}[n%2]
			old := identity(u, models.Providers()[n/2])
			old.AccessToken, old.RefreshToken = tokens[0], tokens[1]
			s.link(t, old)
			want := old
			want.AccessToken, want.RefreshToken = "v1.new", ""
			written := want
			written.UpdatedAt, written.ProfileData, written.TokenExpiresAt = now.Add(time.Hour), nil, nil
			for _, changed := range []func(*models.OAuthProvider){
				func(i *models.OAuthProvider) { i.AccessToken += "x" },
				func(i *models.OAuthProvider) { i.RefreshToken += "x" },
				func(i *models.OAuthProvider) { i.AccessToken, i.RefreshToken = "x", "x" },
				func(i *models.OAuthProvider) { i.ID = newID() },
				func(i *models.OAuthProvider) { i.ID = "no id" },
			} {
				other := old
				changed(&other)
				wantReplaced(t, s, other, written, false)
			}
			wantReplaced(t, s, old, written, true)
			wantReplaced(t, s, old, written, false)
			got, err := s.Identities.BySubject(t.Context(), old.Provider, old.ProviderID)
			noError(t, "BySubject()", err)
			wantIdentity(t, got, want)
		}
	},
	"a log-in that comes between keeps its tokens": func(t *testing.T, s store) {
		ada := s.user(t, "Ada")
		old := identity(ada, models.ProviderGoogle)
		s.link(t, old)
		login, rotated := old, old
		login.AccessToken, rotated.AccessToken = "v1.login", "v1.rotated"
		s.Do(t, func(ctx context.Context, r repositories.Set) error { return r.Identities.Save(ctx, login) })
		wantReplaced(t, s, old, rotated, false)
		got, err := s.Identities.BySubject(t.Context(), old.Provider, old.ProviderID)
		noError(t, "BySubject()", err)
		wantIdentity(t, got, login)
	},
}

func wantReplaced(t *testing.T, s store, old, fresh models.OAuthProvider, want bool) {
	t.Helper()
	wantGot(t, want)(s.Identities.Replace(t.Context(), old, fresh))
}
