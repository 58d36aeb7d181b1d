package main

import (
	"context"
	"encoding/json"

	"github.com/redis/go-redis/v9"
)

// LiveSessions asks the Redis of the auth service which sessions live.
type LiveSessions struct {
	Redis  *redis.Client
	Prefix string // the auth service's APP_NAME
	Auth   AuthService
}

// Check returns nil while the session of a verified token lives, and errRefused where it has
// ended. A session that Redis does not know may live all the same: then the auth service has the
// last word, and errAway is possible.
func (l LiveSessions) Check(ctx context.Context, claims Claims, token string) error {
	user, err := l.Redis.Get(ctx, l.Prefix+":session:"+claims.SessionID).Result()
	if err == nil && user == claims.Subject {
		return nil
	}
	_, err = l.Auth.Me(ctx, token, "")
	return err
}

// FollowEnds calls ended for each session that ends, until ctx does: to close what is open for
// long, such as a WebSocket. What ends while Redis cannot be reached is not told of later.
func (l LiveSessions) FollowEnds(ctx context.Context, ended func(sessionID, userID string)) error {
	ends := l.Redis.Subscribe(ctx, l.Prefix+":sessions:ended")
	messages := ends.Channel() // it connects again by itself
	for {
		select {
		case <-ctx.Done():
			return ends.Close()
		case m := <-messages:
			var end struct{ SID, UserID string }
			if err := json.Unmarshal([]byte(m.Payload), &end); err == nil {
				ended(end.SID, end.UserID)
			}
		}
	}
}
