package postgres

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
)

// identityRow is a row of oauth_providers. Times are set by whoever makes the identity.
type identityRow struct {
	ID             string `gorm:"primaryKey"`
	UserID         string
	Provider       string
	ProviderID     string
	AccessToken    *string
	RefreshToken   *string
	TokenExpiresAt *time.Time
	ProfileData    *string
	CreatedAt      time.Time `gorm:"autoCreateTime:false"`
	UpdatedAt      time.Time `gorm:"autoUpdateTime:false"`
}

func (identityRow) TableName() string { return "oauth_providers" }

func newIdentityRow(i models.OAuthProvider) (identityRow, error) {
	profile, err := cleanJSON(i.ProfileData)
	if err != nil {
		return identityRow{}, fmt.Errorf("profile of an identity: %w", err)
	}
	return identityRow{
		ID: i.ID, UserID: i.UserID, Provider: i.Provider, ProviderID: i.ProviderID,
		AccessToken: orNull(i.AccessToken), RefreshToken: orNull(i.RefreshToken),
		TokenExpiresAt: storedPointer(i.TokenExpiresAt), ProfileData: orNull(string(profile)),
		CreatedAt: stored(i.CreatedAt), UpdatedAt: stored(i.UpdatedAt),
	}, nil
}

func (r *identityRow) model() models.OAuthProvider {
	i := models.OAuthProvider{
		ID: r.ID, UserID: r.UserID, Provider: r.Provider, ProviderID: r.ProviderID,
		AccessToken: orEmpty(r.AccessToken), RefreshToken: orEmpty(r.RefreshToken),
		TokenExpiresAt: storedPointer(r.TokenExpiresAt),
		CreatedAt:      stored(r.CreatedAt), UpdatedAt: stored(r.UpdatedAt),
	}
	if r.ProfileData != nil {
		i.ProfileData = []byte(*r.ProfileData)
	}
	return i
}

func identityModels(rows []identityRow) []models.OAuthProvider {
	list := make([]models.OAuthProvider, len(rows))
	for i := range rows {
		list[i] = rows[i].model()
	}
	return list
}

// longestProvider is how long the name of a provider may be.
const longestProvider = 50

// checkIdentity refuses a key that only one of the two databases could hold.
func checkIdentity(i models.OAuthProvider) error {
	if i.Provider == "" || len(i.Provider) > longestProvider || i.ProviderID == "" || len(i.ProviderID) > models.MaxSubject {
		return domain.ErrValidation
	}
	return checkText(&i.Provider, &i.ProviderID)
}

// cleanJSON makes JSON storable that came from elsewhere: JSONB takes neither NUL, nor half a
// surrogate pair, nor a number beyond its range, all of which JSON may hold. Nothing stays nothing.
func cleanJSON(text []byte) ([]byte, error) {
	if len(text) == 0 {
		return nil, nil
	}
	if !json.Valid(text) { // a decoder alone would ignore what comes behind
		return nil, fmt.Errorf("%d bytes that are no JSON", len(text))
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber() // what is beyond 2^53 keeps its digits
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	return json.Marshal(cleanValue(value))
}

func cleanValue(value any) any {
	switch v := value.(type) {
	case string:
		return cleanText(v)
	case json.Number:
		if _, err := v.Float64(); err != nil {
			return v.String()
		}
	case []any:
		for i := range v {
			v[i] = cleanValue(v[i])
		}
	case map[string]any:
		members := make(map[string]any, len(v))
		for key, member := range v {
			members[cleanText(key)] = cleanValue(member)
		}
		return members
	}
	return value
}

func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func orEmpty(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
