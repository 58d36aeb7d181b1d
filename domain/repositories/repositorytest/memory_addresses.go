package repositorytest

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
)

var _ repositories.SessionAddresses = (*Memory)(nil)

// AddressesOf implements repositories.SessionAddresses.
func (m *Memory) AddressesOf(ctx context.Context, userID string, t time.Time, limit int) ([]string, error) {
	s, err := m.read(ctx)
	if err != nil {
		return nil, err
	}
	var live []models.Session
	for _, session := range s.sessions {
		if session.UserID == strings.ToLower(userID) && session.IsLive(t) {
			live = append(live, session)
		}
	}
	slices.SortFunc(live, func(a, b models.Session) int {
		return cmp.Or(b.LastUsedAt.Compare(a.LastUsedAt), cmp.Compare(b.ID, a.ID))
	})
	var addresses []string
	for _, session := range live[:min(len(live), max(0, limit))] {
		addresses = append(addresses, session.IP)
	}
	return addresses, nil
}
