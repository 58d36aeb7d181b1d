package repositorytest

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
)

// memoryMail is a mail that waits.
type memoryMail struct {
	models.Mail

	due time.Time
}

// PromisedMails returns every mail that waits to be sent, the oldest first.
func (m *Memory) PromisedMails() []models.Mail {
	m.mu.Lock()
	defer m.mu.Unlock()
	var mails []models.Mail
	for _, id := range slices.Sorted(maps.Keys(m.state.mails)) {
		mails = append(mails, m.state.mails[id].Mail)
	}
	return mails
}

// Claim claims mails.
func (m *Memory) Claim(ctx context.Context, hold time.Duration, limit int) (claimed []models.Mail, err error) {
	err = m.write(ctx, func(s *state) error {
		now, oldest := time.Now(), map[string]string{}
		for _, id := range slices.Sorted(maps.Keys(s.mails)) {
			if to := s.mails[id].To; oldest[to] == "" {
				oldest[to] = id
			}
		}
		due := slices.DeleteFunc(slices.Collect(maps.Values(oldest)), func(id string) bool { return s.mails[id].due.After(now) })
		slices.SortFunc(due, func(a, b string) int {
			return cmp.Or(s.mails[a].due.Compare(s.mails[b].due), cmp.Compare(a, b))
		})
		for _, id := range due[:min(max(0, limit), len(due))] {
			mail := s.mails[id]
			mail.Attempts++
			mail.due = now.Add(hold)
			s.mails[id] = mail
			claimed = append(claimed, mail.Mail)
		}
		return nil
	})
	return claimed, err
}

// Done removes a mail.
func (m *Memory) Done(ctx context.Context, id string) error {
	return m.write(ctx, func(s *state) error { delete(s.mails, strings.ToLower(id)); return nil })
}

// Retry gives up a claimed mail for a while.
func (m *Memory) Retry(ctx context.Context, mail models.Mail, in time.Duration) error {
	return m.write(ctx, func(s *state) error {
		if kept, ok := s.mails[mail.ID]; ok && kept.Attempts == mail.Attempts {
			kept.due, kept.Refusals = time.Now().Add(in), mail.Refusals
			s.mails[mail.ID] = kept
		}
		return nil
	})
}

// Unsent tells how many mails wait.
func (m *Memory) Unsent(ctx context.Context) (pending int64, oldest time.Time, err error) {
	s, err := m.read(ctx)
	if err != nil || len(s.mails) == 0 {
		return 0, time.Time{}, err
	}
	return int64(len(s.mails)), s.mails[slices.Min(slices.Collect(maps.Keys(s.mails)))].CreatedAt, nil
}

// MailToken finds a token.
func (m *Memory) MailToken(ctx context.Context, hash []byte) (models.MailToken, error) {
	s, err := m.read(ctx)
	if err != nil {
		return models.MailToken{}, err
	}
	return memoryMailTokens{&s}.ByHash(ctx, hash)
}

// DeleteExpiredTokens removes tokens.
func (m *Memory) DeleteExpiredTokens(ctx context.Context, t time.Time, limit int) (deleted int64, err error) {
	err = m.write(ctx, func(s *state) error {
		for hash, token := range s.mailTokens {
			if token.ExpiresAt.Before(kept(t)) && deleted < int64(limit) {
				delete(s.mailTokens, hash)
				deleted++
			}
		}
		return nil
	})
	return deleted, err
}

// memoryMails is the mails within a unit of work.
type memoryMails struct{ *state }

func (r memoryMails) Append(ctx context.Context, m models.Mail) error {
	if _, ok := r.users[m.UserID]; !ok && m.UserID != "" {
		return domain.ErrNotFound
	}
	if _, ok := r.mails[m.ID]; ok {
		return errors.New("append mail: the id is in use")
	}
	m.RequestID, m.CreatedAt = clean(m.RequestID), kept(m.CreatedAt)
	r.mails[m.ID] = memoryMail{m, time.Now()}
	return gone(ctx)
}

func (r memoryMails) DeleteTo(ctx context.Context, address string) error {
	maps.DeleteFunc(r.mails, func(_ string, m memoryMail) bool { return m.To == address })
	return gone(ctx)
}

// deleteMailsOf removes what goes with a user.
func (s *state) deleteMailsOf(userID string) {
	maps.DeleteFunc(s.mails, func(_ string, m memoryMail) bool { return m.UserID == userID })
	maps.DeleteFunc(s.mailTokens, func(_ string, t models.MailToken) bool { return t.UserID == userID })
}

// memoryMailTokens is the mailed tokens within a unit of work.
type memoryMailTokens struct{ *state }

func (r memoryMailTokens) Put(ctx context.Context, t models.MailToken) error {
	if _, ok := r.users[t.UserID]; !ok {
		return domain.ErrNotFound
	}
	if err := r.Delete(ctx, t.UserID, t.Purpose); err != nil {
		return err
	}
	t.Hash, t.ExpiresAt = slices.Clone(t.Hash), kept(t.ExpiresAt)
	r.mailTokens[string(t.Hash)] = t
	return gone(ctx)
}

func (r memoryMailTokens) ByHash(ctx context.Context, hash []byte) (models.MailToken, error) {
	t, ok := r.mailTokens[string(hash)]
	if !ok {
		return models.MailToken{}, errors.Join(gone(ctx), domain.ErrNotFound)
	}
	t.Hash = slices.Clone(t.Hash)
	return t, gone(ctx)
}

func (r memoryMailTokens) DeleteOfUser(ctx context.Context, userID string) error {
	maps.DeleteFunc(r.mailTokens, func(_ string, t models.MailToken) bool { return t.UserID == strings.ToLower(userID) })
	return gone(ctx)
}

func (r memoryMailTokens) Delete(ctx context.Context, userID string, purpose models.MailKind) error {
	maps.DeleteFunc(r.mailTokens, func(_ string, t models.MailToken) bool {
		return t.UserID == strings.ToLower(userID) && t.Purpose == purpose
	})
	return gone(ctx)
}
