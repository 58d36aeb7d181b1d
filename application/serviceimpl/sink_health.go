package serviceimpl

import (
	"time"

	"gofiber-auth/domain/repositories"
)

const (
	sinkAwayAfter   = 3                      // failures in a row, without a success between them,
	sinkAwayUsers   = 16                     // or so many users in a row who alone failed before
	sinkProbe       = 200 * time.Millisecond // to the first probe of a receiver that is away, doubled up to the limit
	sinkProbeTo     = 5 * time.Second
	sinkFreshGap    = 250 * time.Millisecond // between events that are tried for the first time meanwhile
	sinkFreshAtOnce = 4                      // of those: some may hang
	sinkProbeAtOnce = 2
	sinkStuckAfter  = 5 // failures of one event, while others succeed, until it is worth a word
)

// sinkHealth judges a receiver by how deliveries end. One that is away is probed, ever less
// often, instead of being given all that waits; a user who alone fails is no sign of that.
type sinkHealth struct {
	up       bool      // else unknown, as at first, or away
	away     bool      // and that has been said
	since    time.Time // when it was found to be away, or the judgement began anew
	failures int       // in a row, of users of whom it is not known that they alone fail
	backoff  time.Duration
	freshAt  time.Time // before which, while it is not up, nothing is tried for the first time
	probeAt  time.Time // or again

	successes int                     // of all
	failing   map[string]*failingUser // by id
	stuck     map[string]struct{}     // ids of users who alone failed before and have failed since the last success
}

// failingUser is a user whose last delivery failed.
type failingUser struct {
	since int  // how many deliveries had succeeded when it began
	told  bool // it has been said that this user is stuck
}

func newSinkHealth() *sinkHealth {
	return &sinkHealth{failing: map[string]*failingUser{}, stuck: map[string]struct{}{}}
}

// anew begins the judgement anew, since others may have delivered meanwhile. What has been said
// stays said, and how long to wait between probes.
func (h *sinkHealth) anew(now time.Time) {
	h.up, h.failures, h.since = false, 0, now
	clear(h.failing)
	clear(h.stuck)
}

// awayFor reports whether the receiver has been away for so long.
func (h *sinkHealth) awayFor(d time.Duration, now time.Time) bool {
	return h.away && !h.up && now.Sub(h.since) >= d
}

// probes says how much may be tried of a receiver that is not known to be up, while so much
// is under way: now and then an event that failed, whether or not its time has come, since a
// success means that all are due; and, a little more often, what has not been tried at all.
func (h *sinkHealth) probes(fresh, failed int, now time.Time) repositories.DeliveryQuery {
	q := repositories.DeliveryQuery{Early: true}
	if fresh < sinkFreshAtOnce && !now.Before(h.freshAt) {
		q.Fresh = fresh + 1
	}
	if failed < sinkProbeAtOnce && !now.Before(h.probeAt) {
		q.Failed = failed + 1
	}
	return q
}

// tried notes that an event is being tried for the first time.
func (h *sinkHealth) tried(now time.Time) {
	if !h.up {
		h.freshAt = now.Add(sinkFreshGap)
	}
}

// sinkNews is what there is to say or to do after a delivery.
type sinkNews int

const (
	noNews sinkNews = iota
	sinkIsAway
	sinkIsBack // or is known to work for the first time
	userIsStuck
	userIsUnstuck
)

// succeeded notes a delivery.
func (h *sinkHealth) succeeded(userID string) sinkNews {
	h.successes++
	h.failures = 0
	clear(h.stuck)
	user := h.failing[userID]
	delete(h.failing, userID)
	switch {
	case !h.up:
		h.up, h.away, h.backoff = true, false, 0
		return sinkIsBack
	case user != nil && user.told:
		return userIsUnstuck
	}
	return noNews
}

// failed notes a delivery that failed, as often as failures says.
func (h *sinkHealth) failed(userID string, failures int, now time.Time) sinkNews {
	user := h.failing[userID]
	if user == nil {
		user = &failingUser{since: h.successes}
		h.failing[userID] = user
	}
	stuck := h.successes > user.since // others have come through meanwhile
	if stuck {
		h.stuck[userID] = struct{}{}
	} else {
		h.failures++
	}
	if !h.up {
		h.backoff = min(max(sinkProbe, 2*h.backoff), sinkProbeTo)
		h.probeAt = now.Add(jitter(h.backoff))
	}
	switch {
	case (h.failures >= sinkAwayAfter || len(h.stuck) >= sinkAwayUsers) && !h.away:
		if h.up {
			h.up, h.backoff, h.probeAt = false, sinkProbe, now.Add(jitter(sinkProbe))
		}
		h.away, h.since = true, now
		return sinkIsAway
	case stuck && !user.told && failures >= sinkStuckAfter:
		user.told = true
		return userIsStuck
	}
	return noNews
}
