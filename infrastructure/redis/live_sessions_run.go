package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
)

const (
	lookAfter   = 2 * time.Second // how often Redis is asked whether it still has the copy
	tryAgain    = 500 * time.Millisecond
	pageOfAll   = 1000                   // sessions that are read or looked for at once
	lastChanges = 500 * time.Millisecond // for what waits when the service stops
)

// Run writes changes as they come until ctx ends. It makes the copy anew at its start, whenever
// Redis was away or has lost it, and when too many changes waited.
func (l *LiveSessions) Run(ctx context.Context) {
	l.setRunning(true)
	defer l.setRunning(false)
	look := time.Now()
	for ctx.Err() == nil {
		if err := l.flush(ctx); err == nil && !time.Now().Before(look) {
			pause := lookAfter
			if err := l.follow(ctx); err != nil {
				pause = tryAgain
			}
			look = time.Now().Add(pause)
		}
		pause, wake := time.Until(look), l.wake
		if l.isAway() {
			pause, wake = tryAgain, nil
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
		case <-wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

func (l *LiveSessions) setRunning(running bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running, l.behind = running, true
}

func (l *LiveSessions) isAway() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.away
}

// Close writes what still waits, if Redis takes it at once.
func (l *LiveSessions) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), lastChanges)
	defer cancel()
	_ = l.flush(ctx) // whoever next finds Redis back makes the copy anew
	return nil
}

// follow makes the copy anew where that is needed.
func (l *LiveSessions) follow(ctx context.Context) error {
	behind, err := l.isBehind(ctx)
	if err != nil || !behind {
		return err
	}
	if err = l.copyAll(ctx); err != nil {
		l.setBehind()
		if ctx.Err() == nil {
			l.Log.WarnContext(ctx, "the copy of live sessions in redis is not complete yet", "error", err)
		}
	}
	return err
}

// isBehind reports whether the copy has to be made anew, and takes note that it will be.
func (l *LiveSessions) isBehind(ctx context.Context) (bool, error) {
	kept := int64(0)
	err := l.client.call(ctx, "look for the copy of sessions", func(ctx context.Context) (err error) {
		kept, err = l.client.rdb.Exists(ctx, l.completeMark()).Result()
		return err
	})
	l.note(ctx, err)
	if err != nil {
		return false, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	behind := l.behind || kept == 0
	l.behind = false
	return behind, nil
}

func (l *LiveSessions) setBehind() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.behind = true
}

// copyAll makes the copy complete: it ends what has ended while nobody could say so, and adds
// what is missing. Requests that commit meanwhile wait for one page at most.
func (l *LiveSessions) copyAll(ctx context.Context) error {
	if err := l.endMissing(ctx); err != nil {
		return err
	}
	after := ""
	for {
		page, err := l.Sessions.LiveAfter(ctx, after, time.Now(), pageOfAll)
		if err != nil {
			return err
		}
		if err := l.writePage(ctx, l.copiesOf(page)); err != nil {
			return err
		}
		if len(page) < pageOfAll {
			break
		}
		after = page[len(page)-1].ID
	}
	return l.client.call(ctx, "complete the copy of sessions", func(ctx context.Context) error {
		return l.client.rdb.Set(ctx, l.completeMark(), "", 0).Err()
	})
}

// copiesOf returns the sessions of which an access token may be good.
func (l *LiveSessions) copiesOf(page []models.Session) (copies []copied) {
	for _, s := range page {
		if c := l.copyOf(repositories.SessionChange{Session: s}); time.Now().Before(c.until) {
			copies = append(copies, c)
		}
	}
	return copies
}

// writePage writes copies, and what has come to wait.
func (l *LiveSessions) writePage(ctx context.Context, copies []copied) error {
	_, err := l.write(ctx, copies)
	return errors.Join(err, l.flush(ctx))
}

// endMissing ends, in the copy, the sessions that the database does not have any more. What is
// in the copy was committed before it came there, so it is looked for in this order.
func (l *LiveSessions) endMissing(ctx context.Context) error {
	pattern, cursor := globEscaper.Replace(l.key(""))+"*", uint64(0)
	for {
		var keys []string
		err := l.client.call(ctx, "read the copy of sessions", func(ctx context.Context) (err error) {
			keys, cursor, err = l.client.rdb.Scan(ctx, cursor, pattern, pageOfAll).Result()
			return err
		})
		if err != nil {
			return err
		}
		missing, err := l.missing(ctx, keys)
		if err != nil {
			return err
		}
		if err := l.writePage(ctx, missing); err != nil || cursor == 0 {
			return err
		}
	}
}

// globEscaper keeps a prefix from being a pattern.
var globEscaper = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`)

// missing returns which of the keys are of sessions that have ended.
func (l *LiveSessions) missing(ctx context.Context, keys []string) ([]copied, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	var users []any
	err := l.client.call(ctx, "read the copy of sessions", func(ctx context.Context) (err error) {
		users, err = l.client.rdb.MGet(ctx, keys...).Result()
		return err
	})
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(keys))
	for i, key := range keys {
		ids[i] = strings.TrimPrefix(key, l.key(""))
	}
	live, err := l.Sessions.LiveAmong(ctx, ids, time.Now())
	if err != nil {
		return nil, fmt.Errorf("look for sessions: %w", err)
	}
	isLive := make(map[string]bool, len(live))
	for _, id := range live {
		isLive[id] = true
	}
	var missing []copied
	for i, id := range ids {
		if userID, ok := users[i].(string); ok && !isLive[id] { // not a string: the key has just gone
			missing = append(missing, copied{id: id, userID: userID, ended: true})
		}
	}
	return missing, nil
}
