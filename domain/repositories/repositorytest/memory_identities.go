package repositorytest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
)

// BySubject compares to the letter.
func (m *Memory) BySubject(ctx context.Context, provider, subject string) (models.OAuthProvider, error) {
	s, err := m.read(ctx)
	if err != nil {
		return models.OAuthProvider{}, err
	}
	for _, i := range s.identities {
		if i.Provider == provider && i.ProviderID == subject {
			return copyIdentity(i), nil
		}
	}
	return models.OAuthProvider{}, domain.ErrNotFound
}

// OfUser returns the identities of a user.
func (m *Memory) OfUser(ctx context.Context, userID string) ([]models.OAuthProvider, error) {
	s, err := m.read(ctx)
	if err != nil {
		return nil, err
	}
	return s.identitiesOf(userID), nil
}

func (s state) identitiesOf(userID string) []models.OAuthProvider {
	var of []models.OAuthProvider
	for _, i := range s.identities {
		if i.UserID == strings.ToLower(userID) {
			of = append(of, copyIdentity(i))
		}
	}
	slices.SortFunc(of, func(a, b models.OAuthProvider) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	return of
}

// memoryIdentities is the identities within a unit of work.
type memoryIdentities struct{ *state }

func (r memoryIdentities) OfUser(ctx context.Context, userID string) ([]models.OAuthProvider, error) {
	return r.identitiesOf(userID), gone(ctx)
}

func (r memoryIdentities) Create(ctx context.Context, i models.OAuthProvider) error {
	if !isKey(i.Provider, 50) || !isKey(i.ProviderID, models.MaxSubject) {
		return domain.ErrValidation
	}
	if _, ok := r.identities[i.ID]; ok {
		return errors.New("create identity: the id is in use")
	}
	i.UserID = strings.ToLower(i.UserID)
	for _, other := range r.identities {
		if other.Provider == i.Provider && (other.ProviderID == i.ProviderID || other.UserID == i.UserID) {
			return domain.ErrProviderLinked
		}
	}
	if _, ok := r.users[i.UserID]; !ok {
		return domain.ErrNotFound
	}
	i.CreatedAt = kept(i.CreatedAt)
	return r.put(ctx, i)
}

// isKey reports whether a database holds the text and would find it again.
func isKey(text string, longest int) bool {
	return text != "" && len(text) <= longest && utf8.ValidString(text) && !strings.Contains(text, "\x00")
}

func (r memoryIdentities) Save(ctx context.Context, i models.OAuthProvider) error {
	saved, ok := r.identities[strings.ToLower(i.ID)]
	if !ok {
		return domain.ErrNotFound
	}
	saved.AccessToken, saved.RefreshToken, saved.TokenExpiresAt = i.AccessToken, i.RefreshToken, i.TokenExpiresAt
	saved.ProfileData, saved.UpdatedAt = i.ProfileData, i.UpdatedAt
	return r.put(ctx, saved)
}

func (r memoryIdentities) put(ctx context.Context, i models.OAuthProvider) error {
	if len(i.ProfileData) > 0 && !json.Valid(i.ProfileData) {
		return errors.New("the profile is no JSON")
	}
	i = copyIdentity(i)
	i.ProfileData = bytes.ReplaceAll(bytes.ToValidUTF8(i.ProfileData, []byte("\uFFFD")), []byte(`\u0000`), []byte(`\ufffd`))
	i.UpdatedAt = kept(i.UpdatedAt)
	if i.TokenExpiresAt != nil {
		i.TokenExpiresAt = new(kept(*i.TokenExpiresAt))
	}
	r.identities[i.ID] = i
	return gone(ctx)
}

func (r memoryIdentities) Delete(ctx context.Context, id string) error {
	delete(r.identities, strings.ToLower(id))
	return gone(ctx)
}

func (r memoryIdentities) DeleteOfUser(ctx context.Context, userID string) error {
	maps.DeleteFunc(r.identities, func(_ string, i models.OAuthProvider) bool { return i.UserID == strings.ToLower(userID) })
	return gone(ctx)
}

// ProviderTokens is the tokens of the identities in memory.
type ProviderTokens struct{ *Memory }

// Page returns domain.ErrNotFound where after is no id.
func (m ProviderTokens) Page(ctx context.Context, after string, limit int) ([]models.OAuthProvider, error) {
	s, err := m.read(ctx)
	if err != nil {
		return nil, err
	}
	if after != "" && !isID(after) {
		return nil, domain.ErrNotFound
	}
	var page []models.OAuthProvider
	for _, id := range slices.Sorted(maps.Keys(s.identities)) {
		if i := s.identities[id]; (i.AccessToken != "" || i.RefreshToken != "") && id > strings.ToLower(after) && len(page) < limit {
			page = append(page, copyIdentity(i))
		}
	}
	return page, nil
}

// Replace compares both tokens.
func (m ProviderTokens) Replace(ctx context.Context, old, now models.OAuthProvider) (replaced bool, err error) {
	err = m.write(ctx, func(s *state) error {
		i, ok := s.identities[strings.ToLower(old.ID)]
		if replaced = ok && i.AccessToken == old.AccessToken && i.RefreshToken == old.RefreshToken; replaced {
			i.AccessToken, i.RefreshToken = now.AccessToken, now.RefreshToken
			s.identities[i.ID] = i
		}
		return nil
	})
	return replaced && err == nil, err
}

// copyIdentity shares no memory with i.
func copyIdentity(i models.OAuthProvider) models.OAuthProvider {
	i.TokenExpiresAt, i.ProfileData = copied[time.Time](i.TokenExpiresAt), bytes.Clone(i.ProfileData)
	return i
}
