package repositorytest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
)

// memoryUsers is the users within a unit of work.
type memoryUsers struct{ *state }

func (r memoryUsers) Create(ctx context.Context, u models.User) error {
	if _, ok := r.users[u.ID]; ok {
		return errors.New("create user: the id is in use")
	}
	return r.put(ctx, u)
}

func (r memoryUsers) ForUpdate(ctx context.Context, id string) (models.User, error) {
	u, ok := r.users[strings.ToLower(id)]
	if !ok {
		return models.User{}, errors.Join(gone(ctx), domain.ErrNotFound)
	}
	return copyUser(u), gone(ctx)
}

func (r memoryUsers) Save(ctx context.Context, u models.User) error {
	if _, ok := r.users[u.ID]; !ok {
		return domain.ErrNotFound
	}
	return r.put(ctx, u)
}

func (r memoryUsers) put(ctx context.Context, u models.User) error {
	for _, text := range []*string{&u.Email, &u.Username, u.DisplayName, u.Avatar, u.OAuthProvider, u.OAuthID} {
		if text != nil && (!utf8.ValidString(*text) || strings.Contains(*text, "\x00")) {
			return domain.ErrValidation
		}
	}
	if r.isTaken(u, func(u models.User) string { return u.Email }) {
		return domain.ErrEmailTaken
	}
	if r.isTaken(u, func(u models.User) string { return u.Username }) {
		return domain.ErrUsernameTaken
	}
	u = copyUser(u)
	u.CreatedAt, u.UpdatedAt = kept(u.CreatedAt), kept(u.UpdatedAt)
	if u.LastLoginAt != nil {
		u.LastLoginAt = new(kept(*u.LastLoginAt))
	}
	r.users[u.ID] = u
	return gone(ctx)
}

func (r memoryUsers) isTaken(u models.User, key func(models.User) string) bool {
	for _, other := range r.users {
		if other.ID != u.ID && fold(key(other)) == fold(key(u)) {
			return true
		}
	}
	return false
}

func (r memoryUsers) Delete(ctx context.Context, id string) error {
	id = strings.ToLower(id)
	if _, ok := r.users[id]; !ok {
		return domain.ErrNotFound
	}
	delete(r.users, id)
	r.deleteMailsOf(id)
	return errors.Join(memoryIdentities(r).DeleteOfUser(ctx, id), memorySessions(r).DeleteOfUser(ctx, id, ""))
}

func (r memoryUsers) LockActiveAdmins(ctx context.Context) ([]string, error) {
	var admins []string
	for _, id := range slices.Sorted(maps.Keys(r.users)) {
		if r.users[id].IsActiveAdmin() {
			admins = append(admins, id)
		}
	}
	return admins, gone(ctx)
}

// memoryOutbox is the outbox within a unit of work.
type memoryOutbox struct {
	*state

	byHTTP bool // events are to be delivered by HTTP, too
}

func (r memoryOutbox) Append(ctx context.Context, e models.OutboxEvent) error {
	for _, other := range r.events {
		if other.ID == e.ID || (other.UserID == e.UserID && other.Version == e.Version) {
			return errors.New("append event: the id or the version is in use")
		}
	}
	e.OccurredAt = kept(e.OccurredAt)
	r.events[e.ID] = memoryEvent{OutboxEvent: e}
	if r.byHTTP {
		r.deliver(e)
	}
	return gone(ctx)
}

// fold lowers ASCII, as the databases do.
func fold(text string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, text)
}

func clean(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}

// isID reports whether id looks like a UUID.
func isID(id string) bool {
	const form = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
	if len(id) != len(form) {
		return false
	}
	for i := range id {
		if (form[i] == '-') != (id[i] == '-') || (form[i] == 'x' && !strings.ContainsRune("0123456789abcdefABCDEF", rune(id[i]))) {
			return false
		}
	}
	return true
}

// copyUser shares no memory with u.
func copyUser(u models.User) models.User {
	u.DisplayName, u.Avatar = copied(u.DisplayName), copied(u.Avatar)
	u.OAuthProvider, u.OAuthID = copied(u.OAuthProvider), copied(u.OAuthID)
	u.LastLoginAt = copied[time.Time](u.LastLoginAt)
	return u
}

func copied[T any](p *T) *T {
	if p == nil {
		return nil
	}
	c := *p
	return &c
}
