package serviceimpl_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"gofiber-auth/application/serviceimpl"
	"gofiber-auth/domain"
	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/domain/services"
)

// changePassword returns the session that follows.
func (w *world) changePassword(t *testing.T, p models.Principal, current, next string) services.Grant {
	t.Helper()
	g, err := w.accounts.ChangePassword(t.Context(), p, dto.ChangePasswordRequest{CurrentPassword: current, NewPassword: next}, models.Client{})
	if err != nil {
		t.Fatalf("ChangePassword() = %v", err)
	}
	return g
}

// told returns the kinds of the mails that wait for an address, the oldest first.
func (w *world) told(t *testing.T, address string) (kinds []models.MailKind) {
	t.Helper()
	for _, m := range w.store.UnsentMails(t) {
		if m.To == address {
			kinds = append(kinds, m.Kind)
		}
	}
	return kinds
}

func TestChangePasswordEndsEverySessionAndBeginsOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.enter(t, "ada")
	p := w.principal(t, first.AccessToken)
	want(t, "Login()", w.login(t, password), nil)

	g := w.changePassword(t, p, password, "another good secret")

	if now := w.principal(t, g.AccessToken); now.Session.ID == p.Session.ID || now.Session.Method != models.MethodPassword {
		t.Errorf("the new session is %+v", now.Session)
	}
	if got := w.store.SessionsOf(t, p.User.ID); len(got) != 1 {
		t.Errorf("%d sessions, want the new one alone", len(got))
	}
	_, err := w.refresh(first)
	want(t, "the old refresh token", err, domain.ErrRefreshToken)
	w.mustRefresh(t, g)
	if got := w.told(t, "ada@example.com"); !slices.Contains(got, models.MailPasswordChanged) {
		t.Errorf("mails %v", got)
	}
}

// A stolen access token alone neither links nor unlinks, however old its session is.
func TestLinkingNeedsProof(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	withPassword, without := w.register(t, "grace"), w.mustLogIn(t, ada)
	w.link(t, withPassword, person{provider: "line", subject: "U2"})
	for _, wrong := range []string{"", "a wrong secret"} {
		_, err := w.oauth.Link(t.Context(), withPassword, "facebook", dto.ProofRequest{CurrentPassword: wrong})
		want(t, "Link()", err, domain.ErrWrongPassword)
		want(t, "Unlink()", w.oauth.Unlink(t.Context(), withPassword, "line", dto.ProofRequest{CurrentPassword: wrong}), domain.ErrWrongPassword)
	}
	w.link(t, without, person{provider: "line", subject: "U1"})
	w.clock.pass(10*time.Minute + time.Second)
	_, err := w.oauth.Link(t.Context(), without, "facebook", proof)
	want(t, "Link() in an old session", err, domain.ErrReauthenticate)
	want(t, "Unlink() in an old session", w.oauth.Unlink(t.Context(), without, "google", proof), domain.ErrReauthenticate)
	if got := w.store.IdentitiesOf(t, without.User.ID); !slices.Equal(got, []string{"google 1001", "line U1"}) {
		t.Errorf("identities %v", got)
	}
}

// The flow of linking is as good as the password that proved it.
func TestLinkEndsWithThePassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.register(t, "ada")
	f := w.startLink(t, p, "line")
	w.store.Change(t, p.User.ID, func(u *models.User) { u.PasswordHash = "a$another good secret" }) // the session lives
	_, err := w.oauth.Callback(t.Context(), "line", f.response(person{subject: "U1"}))
	want(t, "Callback()", err, domain.ErrInvalidState)
}

func TestUnlinkEndsTheSessionsThatBeganByTheIdentity(t *testing.T) {
	t.Parallel()
	for name, byLINE := range map[string]bool{"from a session by password": false, "from the session itself": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			byPassword := w.register(t, "ada")
			w.link(t, byPassword, person{provider: "line", subject: "U1"})
			line := w.mustLogIn(t, person{provider: "line", subject: "U1"})
			bearer := byPassword
			if byLINE {
				bearer = line
			}
			want(t, "Unlink()", w.oauth.Unlink(t.Context(), bearer, "line", proof), nil)
			if w.isLive(t, line) || !w.isLive(t, byPassword) {
				t.Errorf("by LINE: %t, by password: %t", w.isLive(t, line), w.isLive(t, byPassword))
			}
			kinds := []models.MailKind{models.MailVerify, models.MailIdentityLinked, models.MailNewDevice, models.MailIdentityUnlinked}
			if got := w.told(t, "ada@example.com"); !slices.Equal(got, kinds) {
				t.Errorf("mails %v, want %v", got, kinds)
			}
		})
	}
}

// asAdmin makes a registered user an admin.
func (w *world) asAdmin(t *testing.T, p models.Principal) models.Principal {
	t.Helper()
	w.store.Change(t, p.User.ID, func(u *models.User) { u.Role = models.RoleAdmin })
	p.User = w.store.User(t, p.User.ID)
	return p
}

// The way by /users/{id} asks as much of an admin as that by /users/me, in any spelling of the id.
func TestAdminNeedsProofForTheOwnAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	root, other := w.asAdmin(t, w.register(t, "rosa")), w.asAdmin(t, w.register(t, "other"))
	for _, id := range []string{root.User.ID, strings.ToUpper(root.User.ID)} {
		for _, in := range []dto.AdminUpdateUserRequest{
			{Email: dto.Some("thief@example.com")},
			{Email: dto.Some("thief@example.com"), CurrentPassword: dto.Some("a wrong secret")},
		} {
			_, err := w.admin.UpdateUser(t.Context(), root, id, in)
			want(t, "UpdateUser()", err, domain.ErrWrongPassword)
			want(t, "DeleteUser()", w.admin.DeleteUser(t.Context(), root, id, dto.DeleteUserRequest{CurrentPassword: in.CurrentPassword.Value}), domain.ErrWrongPassword)
		}
		_, err := w.admin.UpdateUser(t.Context(), root, id, dto.AdminUpdateUserRequest{DisplayName: dto.Some("Root"), Email: dto.Some("ROSA@example.com")})
		want(t, "a change of the name", err, nil)
	}
	proved := dto.AdminUpdateUserRequest{Email: dto.Some("new@example.com"), CurrentPassword: dto.Some(password)}
	if u, err := w.admin.UpdateUser(t.Context(), root, root.User.ID, proved); err != nil || u.Email != "rosa@example.com" || u.Pending(w.clock.Now()) != "new@example.com" {
		t.Errorf("UpdateUser() of the own address with proof = %+v, %v", u, err)
	}
	_, err := w.admin.UpdateUser(t.Context(), root, root.User.ID, dto.AdminUpdateUserRequest{Role: dto.Some("user")})
	want(t, "a change of the role", err, nil)
	want(t, "DeleteUser() with proof", w.admin.DeleteUser(t.Context(), other, other.User.ID, dto.DeleteUserRequest{CurrentPassword: password}), domain.ErrLastAdmin)
	w.asAdmin(t, root)
	want(t, "DeleteUser() with proof", w.admin.DeleteUser(t.Context(), other, other.User.ID, dto.DeleteUserRequest{CurrentPassword: password}), nil)

	grace := w.mustLogIn(t, person{provider: "google", subject: "1", email: "grace@example.com", verified: true})
	grace = w.asAdmin(t, grace)
	w.clock.pass(10*time.Minute + time.Second)
	want(t, "DeleteUser() in an old session", w.admin.DeleteUser(t.Context(), grace, grace.User.ID, dto.DeleteUserRequest{}), domain.ErrReauthenticate)
}

func TestAdminChangesAreTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	root, ada := w.asAdmin(t, w.register(t, "rosa")), w.register(t, "ada")
	w.store.Change(t, ada.User.ID, func(u *models.User) {
		u.EmailVerified, u.PendingEmail = true, &models.PendingEmail{Address: "pending@example.com", ExpiresAt: w.clock.Now().Add(time.Hour)}
	})
	user, err := w.admin.UpdateUser(t.Context(), root, ada.User.ID, dto.AdminUpdateUserRequest{Email: dto.Some("new@example.com"), Role: dto.Some("admin")})
	if err != nil || user.Email != "new@example.com" || user.EmailVerified || user.PendingEmail != nil {
		t.Fatalf("UpdateUser() = %+v, %v", user, err)
	}
	kinds := []models.MailKind{models.MailVerify, models.MailAdminChangedEmail, models.MailAdminChangedRole}
	if got := w.told(t, "ada@example.com"); !slices.Equal(got, kinds) {
		t.Errorf("mails %v, want %v", got, kinds)
	}
	want(t, "DeleteUser()", w.admin.DeleteUser(t.Context(), root, ada.User.ID, dto.DeleteUserRequest{}), nil)
	if got := w.told(t, "new@example.com"); !slices.Equal(got, []models.MailKind{models.MailDeletedByAdmin}) {
		t.Errorf("mails %v", got)
	}
}

// An admin whose address was mistyped does not lose the account to the owner of that address.
func TestAdminIsNeverTakenOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	root := w.asAdmin(t, w.register(t, "ada"))
	_, err := w.logIn(t, ada)
	want(t, "the log-in", err, domain.ErrAccountExists)
	if got := w.store.User(t, root.User.ID); !got.HasPassword() || got.EmailVerified {
		t.Errorf("the admin is %+v", got)
	}
}

func TestTakeoverLeavesNothingOfTheStranger(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	stranger := w.register(t, "ada")
	w.store.Change(t, stranger.User.ID, func(u *models.User) {
		u.DisplayName, u.Avatar = new("Evil"), new("https://evil.example/me.png")
		u.PendingEmail = &models.PendingEmail{Address: "evil@example.com", ExpiresAt: w.clock.Now().Add(time.Hour)}
	})
	grant, err := w.logIn(t, person{provider: "google", subject: "1001", email: "ada@example.com", verified: true})
	u := grant.User
	if err != nil || !grant.TakenOver || u.DisplayName != nil || u.Avatar != nil || u.PendingEmail != nil || !u.EmailVerified || u.HasPassword() {
		t.Errorf("the log-in = taken over: %t, %+v, %v", grant.TakenOver, u, err)
	}
	// Of an account that had no way in, the owner is told nothing.
	if _, err := w.admin.Create(t.Context(), dto.CreateUserRequest{Email: "grace@example.com", Username: "grace"}); err != nil {
		t.Fatal(err)
	}
	grant, err = w.logIn(t, person{provider: "google", subject: "1002", email: "grace@example.com", verified: true})
	if err != nil || grant.TakenOver || grant.IsNewUser {
		t.Errorf("the log-in = taken over: %t, new: %t, %v", grant.TakenOver, grant.IsNewUser, err)
	}
}

// lossy commits and then tells that the database is away, as when it fails over.
type lossy struct{ repositories.UnitOfWork }

func (l lossy) Do(ctx context.Context, fn func(context.Context, repositories.Set) error) error {
	if err := l.UnitOfWork.Do(ctx, fn); err != nil {
		return err
	}
	return domain.ErrUnavailable
}

// A refresh of which the result of the commit was lost is repeated, and nothing but its successor
// is live afterwards.
func TestRefreshRepeatsALostCommit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.enter(t, "ada")
	deps := w.accounts.AccountsDeps
	deps.Work = lossy{deps.Work}
	_, err := serviceimpl.NewAccounts(deps).Refresh(t.Context(), dto.RefreshRequest{RefreshToken: first.RefreshToken})
	want(t, "the refresh whose commit was lost", err, domain.ErrUnavailable)
	w.mustRefresh(t, w.mustRefresh(t, first))
	if n := w.store.Count(t, "refresh_tokens"); n != 3 {
		t.Errorf("%d tokens, want 3", n)
	}
}

// With another secret the successor cannot be derived again. The session stays, as nothing tells of
// two holders, until the grace is over.
func TestRefreshAfterAChangeOfTheSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.enter(t, "ada")
	second := w.mustRefresh(t, first)
	deps := w.accounts.AccountsDeps
	deps.RefreshKey = serviceimpl.RefreshKey([]byte("another secret"))
	w.accounts = serviceimpl.NewAccounts(deps)
	_, err := w.refresh(first)
	want(t, "Refresh()", err, domain.ErrRefreshToken)
	w.mustRefresh(t, second)
	_, err = w.refresh(first)
	want(t, "Refresh() when the successor was used", err, domain.ErrRefreshReused)
}
