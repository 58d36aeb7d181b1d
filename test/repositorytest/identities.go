package repositorytest

import (
	"context"
	"encoding/json"
	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"strings"
	"testing"
	"time"
)

var identityTests = map[string]func(t *testing.T, s store){
	"an identity comes back": func(t *testing.T, s store) {
		ada := s.user(t, "Ada")
		full, bare := identity(ada, models.ProviderGoogle), identity(ada, models.ProviderLINE)
		bare.AccessToken, bare.RefreshToken, bare.TokenExpiresAt, bare.ProfileData = "", "", nil, nil
		s.link(t, full, bare)
		for _, want := range []models.OAuthProvider{full, bare} {
			got, err := s.Identities.BySubject(t.Context(), want.Provider, want.ProviderID)
			noError(t, "BySubject()", err)
			wantIdentity(t, got, want)
		}
	},
	"a subject is that of one provider, to the letter": func(t *testing.T, s store) {
		ada, grace := s.user(t, "Ada"), s.user(t, "Grace")
		one, two, elsewhere := identity(ada, models.ProviderGoogle), identity(grace, models.ProviderGoogle), identity(grace, models.ProviderLINE)
		one.ProviderID, two.ProviderID, elsewhere.ProviderID = "Uabc", "UABC", "Uabc"
		s.link(t, one, two, elsewhere)
		for _, want := range []models.OAuthProvider{one, two, elsewhere} {
			got, err := s.Identities.BySubject(t.Context(), want.Provider, want.ProviderID)
			noError(t, "BySubject()", err)
			wantSame(t, got.ID, want.ID)
		}
		for _, subject := range []string{"", "uabc", "Uabc ", "U%", "U___", "Uabc\x00", "Uabc\xff", strings.Repeat("U", 70_000)} {
			wantError(t, "BySubject()", errOf(s.Identities.BySubject(t.Context(), models.ProviderGoogle, subject)), domain.ErrNotFound)
		}
		for _, provider := range []string{"", "Google", models.ProviderFacebook, "google\x00"} {
			wantError(t, "BySubject()", errOf(s.Identities.BySubject(t.Context(), provider, "Uabc")), domain.ErrNotFound)
		}
	},
	"a user's identities are the user's alone, the oldest first": func(t *testing.T, s store) {
		ada, grace := s.user(t, "Ada"), s.user(t, "Grace")
		newest, oldest, middle := identity(ada, models.ProviderGoogle), identity(ada, models.ProviderLINE), identity(ada, models.ProviderFacebook)
		newest.CreatedAt, oldest.CreatedAt = kept(now.Add(time.Microsecond)), kept(now.Add(-time.Microsecond))
		s.link(t, newest, oldest, middle, identity(grace, models.ProviderGoogle))
		want := []string{oldest.ID, middle.ID, newest.ID}
		for _, id := range []string{ada.ID, strings.ToUpper(ada.ID)} {
			got, err := s.Identities.OfUser(t.Context(), id)
			noError(t, "OfUser()", err)
			wantSame(t, idsOf(got), want)
			s.Do(t, func(ctx context.Context, r repositories.Set) error {
				got, err := r.Identities.OfUser(ctx, id)
				wantSame(t, idsOf(got), want)
				return err
			})
		}
		for _, id := range append(noIDs, newID()) {
			wantSame(t, lenOf(s.Identities.OfUser(t.Context(), id)), 0)
		}
	},
	"a subject is linked once, and a user to one subject of a provider": func(t *testing.T, s store) {
		ada, grace := s.user(t, "Ada"), s.user(t, "Grace")
		linked := identity(ada, models.ProviderGoogle)
		s.link(t, linked)
		toAnother, again, second := identity(grace, models.ProviderGoogle), identity(ada, models.ProviderGoogle), identity(ada, models.ProviderGoogle)
		toAnother.ProviderID, again.ProviderID = linked.ProviderID, linked.ProviderID
		ghost := account("Ghost")
		toNobody := identity(ghost, models.ProviderGoogle)
		toNobody.ProviderID = linked.ProviderID
		for what, i := range map[string]models.OAuthProvider{"to another": toAnother, "again": again, "a second subject": second, "to nobody": toNobody} {
			err := s.Work.Do(t.Context(), func(ctx context.Context, r repositories.Set) error {
				if err := r.Users.Create(ctx, account("Undone")); err != nil {
					return err
				}
				return r.Identities.Create(ctx, i)
			})
			wantError(t, "Create() "+what, err, domain.ErrProviderLinked)
		}
		wantError(t, "ByUsername()", errOf(s.Users.ByUsername(t.Context(), "Undone")), domain.ErrNotFound)
		s.link(t, identity(ada, models.ProviderLINE), identity(grace, models.ProviderGoogle))
	},
	"nobody is linked who has just been deleted": func(t *testing.T, s store) {
		ghost, noID := identity(account("Ghost"), models.ProviderGoogle), identity(models.User{ID: "no id"}, models.ProviderGoogle)
		for _, i := range []models.OAuthProvider{ghost, noID} {
			s.wantRefused(t, domain.ErrNotFound, func(ctx context.Context, r repositories.Set) error { return r.Identities.Create(ctx, i) })
		}
	},
	"a key that not every database holds is a fault of the request": func(t *testing.T, s store) {
		ada := s.user(t, "Ada")
		refused := map[string]models.OAuthProvider{}
		for name, text := range unstorable {
			subject, provider := identity(ada, models.ProviderGoogle), identity(ada, text)
			subject.ProviderID = text
			refused["subject with "+name], refused["provider with "+name] = subject, provider
		}
		empty, long := identity(ada, models.ProviderGoogle), identity(ada, models.ProviderGoogle)
		empty.ProviderID, long.ProviderID = "", strings.Repeat("s", models.MaxSubject+1)
		refused["empty subject"], refused["long subject"] = empty, long
		refused["empty provider"], refused["long provider"] = identity(ada, ""), identity(ada, strings.Repeat("p", 51))
		for _, i := range refused {
			s.wantRefused(t, domain.ErrValidation, func(ctx context.Context, r repositories.Set) error { return r.Identities.Create(ctx, i) })
		}
		longest := identity(ada, strings.Repeat("p", 50))
		longest.ProviderID = strings.Repeat("é", models.MaxSubject/2)
		s.link(t, longest)
		noError(t, "BySubject()", errOf(s.Identities.BySubject(t.Context(), longest.Provider, longest.ProviderID)))
	},
	"a profile may hold whatever JSON may": func(t *testing.T, s store) {
		ada := s.user(t, "Ada")
		for profile, want := range map[string]string{
			`{"id": 12345678901234567890, "a":[true,null,"\"\\ "]}`: `{"id":12345678901234567890,"a":[true,null,"\"\\ "]}`,
			`{"name":"a\u0000b"}`:   `{"name":"a\ufffdb"}`,
			"{\"name\":\"a\xffb\"}": `{"name":"a\ufffdb"}`,
			`[]`:                    `[]`,
			`"\u003cb\u003e"`:       `"<b>"`,
		} {
			i := identity(ada, models.ProviderGoogle)
			i.ProfileData = []byte(profile)
			s.link(t, i)
			for range 2 { // the second time it has been saved again
				got, err := s.Identities.BySubject(t.Context(), i.Provider, i.ProviderID)
				noError(t, "BySubject()", err)
				wantJSON(t, got.ProfileData, []byte(want))
				i.ProfileData = []byte(profile)
				s.Do(t, func(ctx context.Context, r repositories.Set) error { return r.Identities.Save(ctx, i) })
			}
			s.Do(t, func(ctx context.Context, r repositories.Set) error { return r.Identities.Delete(ctx, i.ID) })
		}
		for _, text := range []string{"name", "{", "{} {}", "{}\x00"} {
			i := identity(ada, models.ProviderGoogle)
			i.ProfileData = []byte(text)
			if err := s.Work.Do(t.Context(), func(ctx context.Context, r repositories.Set) error { return r.Identities.Create(ctx, i) }); err == nil {
				t.Errorf("%q was stored as JSON", text)
			}
		}
	},
	"save writes tokens, profile and time of change, and nothing else": func(t *testing.T, s store) {
		ada, grace := s.user(t, "Ada"), s.user(t, "Grace")
		saved, other, untouched := identity(ada, models.ProviderGoogle), identity(grace, models.ProviderLINE), identity(grace, models.ProviderGoogle)
		s.link(t, saved, untouched)
		later := now.Add(time.Hour)
		written := other
		written.ID, written.AccessToken, written.RefreshToken = saved.ID, "v1.new", ""
		written.TokenExpiresAt, written.ProfileData, written.UpdatedAt, written.CreatedAt = nil, nil, later, later
		s.Do(t, func(ctx context.Context, r repositories.Set) error { return r.Identities.Save(ctx, written) })
		want := saved
		want.AccessToken, want.RefreshToken, want.TokenExpiresAt, want.ProfileData, want.UpdatedAt = "v1.new", "", nil, nil, kept(later)
		for _, want := range []models.OAuthProvider{want, untouched} {
			got, err := s.Identities.BySubject(t.Context(), want.Provider, want.ProviderID)
			noError(t, "BySubject()", err)
			wantIdentity(t, got, want)
		}
		for _, id := range append(noIDs, newID()) {
			written.ID = id
			s.wantRefused(t, domain.ErrNotFound, func(ctx context.Context, r repositories.Set) error { return r.Identities.Save(ctx, written) })
		}
	},
	"an identity goes and can be linked again": func(t *testing.T, s store) {
		ada, grace := s.user(t, "Ada"), s.user(t, "Grace")
		gone, stays := identity(ada, models.ProviderGoogle), identity(ada, models.ProviderLINE)
		s.link(t, gone, stays)
		for _, id := range append(noIDs, gone.ID, gone.ID) { // the second time it has gone already
			s.Do(t, func(ctx context.Context, r repositories.Set) error { return r.Identities.Delete(ctx, id) })
		}
		got, err := s.Identities.OfUser(t.Context(), ada.ID)
		noError(t, "OfUser()", err)
		wantSame(t, idsOf(got), []string{stays.ID})
		again := identity(grace, models.ProviderGoogle)
		again.ProviderID = gone.ProviderID
		s.link(t, again)
	},
	"all identities of a user go, by request and with the user": func(t *testing.T, s store) {
		ada, grace := s.user(t, "Ada"), s.user(t, "Grace")
		all := []models.OAuthProvider{identity(ada, models.ProviderGoogle), identity(ada, models.ProviderLINE)}
		stays := identity(grace, models.ProviderGoogle)
		s.link(t, append(all, stays)...)
		for _, id := range append(noIDs, newID(), ada.ID) {
			s.Do(t, func(ctx context.Context, r repositories.Set) error { return r.Identities.DeleteOfUser(ctx, id) })
		}
		wantGone(t, s, all...)
		s.link(t, all...)
		s.Do(t, func(ctx context.Context, r repositories.Set) error { return r.Users.Delete(ctx, ada.ID) })
		wantGone(t, s, all...)
		noError(t, "BySubject() of another user", errOf(s.Identities.BySubject(t.Context(), stays.Provider, stays.ProviderID)))
	},
}

func wantGone(t *testing.T, s store, identities ...models.OAuthProvider) {
	t.Helper()
	for _, i := range identities {
		wantError(t, "BySubject()", errOf(s.Identities.BySubject(t.Context(), i.Provider, i.ProviderID)), domain.ErrNotFound)
	}
}

// wantIdentity compares profiles by what they say: a database may write JSON in its own way.
func wantIdentity(t *testing.T, got, want models.OAuthProvider) {
	t.Helper()
	wantJSON(t, got.ProfileData, want.ProfileData)
	got.ProfileData, want.ProfileData = nil, nil
	wantSame(t, got, want)
}

func wantJSON(t *testing.T, got, want []byte) {
	t.Helper()
	if len(got) == 0 || len(want) == 0 {
		wantSame(t, got, want)
		return
	}
	wantSame(t, parsed(t, got), parsed(t, want))
}

func parsed(t *testing.T, text []byte) (value any) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	noError(t, "decode JSON", decoder.Decode(&value))
	return value
}

func idsOf(identities []models.OAuthProvider) []string {
	ids := make([]string, len(identities))
	for i := range identities {
		ids[i] = identities[i].ID
	}
	return ids
}
