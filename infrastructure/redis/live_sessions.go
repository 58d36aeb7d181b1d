package redis

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"gofiber-auth/domain/repositories"
	"gofiber-auth/pkg/metrics"
)

const (
	// waitForCopy is how long a request waits at most for its change to be in Redis.
	waitForCopy = 250 * time.Millisecond

	// tokenMargin is for what lies between a commit and the token that is signed then, and for
	// clocks that differ.
	tokenMargin = time.Minute

	maxWaiting = 50_000 // changes; what is over that is read from the database later
)

// LiveSessionsOptions is all that NewLiveSessions needs. Every field is required.
type LiveSessionsOptions struct {
	Prefix        string        // of all keys, without the colon
	TokenLifetime time.Duration // of an access token
	Sessions      repositories.SessionPages
	Metrics       *metrics.Metrics
	Log           *slog.Logger
}

// LiveSessions keeps a copy of the live sessions in Redis, for services that verify access
// tokens by themselves: under PREFIX:session:SID stands the user's id for as long as an access
// token of the session can be good. Ended sessions are announced on PREFIX:sessions:ended.
//
// The database is the truth. A copy that lacks a session only makes others ask; one that has a
// session too many is what is avoided: a session that ended leaves a mark behind for as long as
// a late change, of another instance perhaps, could bring it back.
type LiveSessions struct {
	LiveSessionsOptions

	client  *Client
	maximum int // changes that wait
	wake    chan struct{}

	mu      sync.Mutex
	waiting map[string]copied // by session
	written chan struct{}     // closed when those have been written, or could not be
	running bool
	away    bool // Redis failed last time, so nobody waits for it
	behind  bool // the copy may lack sessions, or have some too many
}

// copied is a session as the copy has it.
type copied struct {
	id, userID string
	until      time.Time // while an access token of it can be good
	ended      bool
}

// NewLiveSessions returns a copy that is written by Run and by Close.
func NewLiveSessions(c *Client, o LiveSessionsOptions) *LiveSessions {
	return &LiveSessions{
		LiveSessionsOptions: o, client: c, maximum: maxWaiting, wake: make(chan struct{}, 1),
		waiting: map[string]copied{}, written: make(chan struct{}),
	}
}

// Changed takes over what a unit of work has done to sessions. It returns when that is in Redis,
// or after 250 ms, and at once while Redis is away: the copy follows by itself.
func (l *LiveSessions) Changed(ctx context.Context, changes []repositories.SessionChange) {
	l.mu.Lock()
	for _, c := range changes {
		l.add(l.copyOf(c))
	}
	written, follows := l.written, l.running && !l.away
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
	if !follows {
		return
	}
	timer := time.NewTimer(waitForCopy)
	defer timer.Stop()
	select {
	case <-written:
	case <-timer.C:
	case <-ctx.Done():
	}
}

func (l *LiveSessions) copyOf(c repositories.SessionChange) copied {
	until := c.Session.LastUsedAt.Add(l.TokenLifetime + tokenMargin)
	if c.Session.ExpiresAt.Before(until) {
		until = c.Session.ExpiresAt
	}
	return copied{id: c.Session.ID, userID: c.Session.UserID, until: until, ended: c.Ended}
}

// add lets a change wait, in the place of an earlier one of the same session. A session that has
// ended stays so, whichever of two commits is told of first.
func (l *LiveSessions) add(c copied) {
	was, known := l.waiting[c.id]
	switch {
	case !known && len(l.waiting) >= l.maximum:
		l.behind = true
	case !known, c.ended, !was.ended && c.until.After(was.until):
		l.waiting[c.id] = c
	}
	l.Metrics.SessionCopyPending.Set(float64(len(l.waiting)))
}

// take returns what waits, and what to close when it has been dealt with.
func (l *LiveSessions) take() ([]copied, chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	all, written := make([]copied, 0, len(l.waiting)), l.written
	for _, c := range l.waiting {
		all = append(all, c)
	}
	l.waiting, l.written = map[string]copied{}, make(chan struct{})
	l.Metrics.SessionCopyPending.Set(0)
	return all, written
}

// giveBack lets changes wait again that could not be written.
func (l *LiveSessions) giveBack(changes []copied) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range changes {
		l.add(c)
	}
}

// note remembers whether Redis takes changes, and logs it where that is news. While it was away
// others, too, may have stopped with changes that it never got.
func (l *LiveSessions) note(ctx context.Context, err error) {
	if ctx.Err() != nil { // which says nothing about Redis
		return
	}
	l.mu.Lock()
	was := l.away
	l.away = err != nil
	l.behind = l.behind || was && !l.away
	l.mu.Unlock()
	switch {
	case err != nil && !was:
		l.Log.WarnContext(ctx, "live sessions are not copied to redis; the copy catches up when it is back", "error", err)
	case err == nil && was:
		l.Log.InfoContext(ctx, "live sessions are copied to redis again")
	}
}
