package serviceimpl_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
)

// Whoever resets the password of an account whose address nobody had proved may not be who made
// it: what was linked before leads in no more. Once the address is proved, identities stay.
func TestAResetOfAnUnprovedAccountUnlinks(t *testing.T) {
	for name, tt := range map[string]struct {
		verified bool
		want     []string
	}{
		"not verified": {false, nil},
		"verified":     {true, []string{"line U1"}},
	} {
		t.Run(name, func(t *testing.T) {
			inOffice(t, func(t *testing.T, o *office) {
				ada := o.signUp(t, "ada")
				pass(time.Minute)
				if tt.verified {
					wantErr(t, "VerifyEmail()", o.verify(t, o.lastToken(t, models.MailVerify, ada.Email)), nil)
				}
				err := o.store.Do(t.Context(), func(ctx context.Context, r repositories.Set) error {
					return r.Identities.Create(ctx, models.OAuthProvider{
						ID: newID(), UserID: ada.ID, Provider: "line", ProviderID: "U1", CreatedAt: now(), UpdatedAt: now(),
					})
				})
				if err != nil {
					t.Fatal(err)
				}
				o.forgot(t, ada.Email)
				pass(time.Minute)
				wantErr(t, "ResetPassword()", o.reset(t, o.lastToken(t, models.MailReset, ada.Email), "another good secret"), nil)

				left, err := o.store.OfUser(t.Context(), ada.ID)
				if err != nil {
					t.Fatal(err)
				}
				var names []string
				for _, i := range left {
					names = append(names, i.Provider+" "+i.ProviderID)
				}
				if !slices.Equal(names, tt.want) {
					t.Errorf("identities %v, want %v", names, tt.want)
				}
				var actions []string
				for _, e := range told(t, o.store, ada.ID) {
					actions = append(actions, string(e.Action))
				}
				for _, action := range []models.AuditAction{models.AuditResetRequested, models.AuditPasswordReset} {
					if n := len(slices.DeleteFunc(slices.Clone(actions), func(a string) bool { return a != string(action) })); n != 1 {
						t.Errorf("%s is written down %d times in %v", action, n, actions)
					}
				}
			})
		})
	}
}
