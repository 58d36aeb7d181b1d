package chaos

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"gofiber-auth/pkg/userevents"
)

// Faults compares the evidence and returns what is wrong with it, in words. None means:
//
//   - Every acknowledged change has its event in the stream, every refused one has none, and one
//     whose answer was lost has its event and its row or neither. What changes no identity has
//     no event.
//   - Each user's versions stand in the stream from 1 up without a gap, each once and in order,
//     also in the order in which a client saw its changes happen; the first is a created and
//     nothing follows a deleted. Where an operator removed messages, what was missing stands
//     behind what was left, and nothing newer of a user before it from the moment on when the
//     service had to know. Of a user whose deletion was left, older events may be missing for
//     good: published again behind it they would bring the user back.
//   - The table holds what the last event of each user says, and nobody else.
//   - The subscriber's copy is the table, and it knows who was deleted.
func (e Evidence) Faults() []string {
	c := check{Evidence: e, users: map[string][]Message{}}
	for _, m := range e.Stream {
		c.users[m.UserID] = append(c.users[m.UserID], m)
	}
	c.places()
	for id, messages := range c.users {
		c.order(id, messages)
		slices.SortStableFunc(messages, byVersion)
		c.life(id, messages)
	}
	c.requests()
	c.table()
	c.copy()
	slices.Sort(c.faults) // the same each time, whatever order maps have
	return c.faults
}

// check is a comparison under way.
type check struct {
	Evidence

	users  map[string][]Message // by id; in order of the stream, and later of the version
	faults []string
}

func (c *check) fault(format string, args ...any) {
	c.faults = append(c.faults, fmt.Sprintf(format, args...))
}

// places checks the messages one by one.
func (c *check) places() {
	ids := map[string]uint64{}
	for _, m := range c.Stream {
		if other, twice := ids[m.ID]; twice {
			c.fault("messages %d and %d have the same Nats-Msg-Id", other, m.StreamSequence)
		}
		ids[m.ID] = m.StreamSequence
		if want := "user.events." + string(m.Action); m.Subject != want {
			c.fault("message %d is on the subject %s, not %s", m.StreamSequence, m.Subject, want)
		}
	}
}

// order checks that each version of a user is in the stream once and behind the one before.
func (c *check) order(id string, messages []Message) {
	seen := map[int64]uint64{}
	next := int64(1) // the lowest version that has not come yet
	var before Message
	for _, m := range messages {
		if other, twice := seen[m.Version]; twice {
			c.fault("user %s: version %d is in the stream twice, as messages %d and %d", id, m.Version, other, m.StreamSequence)
			continue
		}
		switch {
		case m.Version > next && !c.excused(m):
			c.fault("user %s: version %d (message %d) came without version %d before it%s", id, m.Version, m.StreamSequence, next, c.since(m))
		case m.Version < before.Version && c.excused(before) && !c.removed(before, m):
			c.fault("user %s: version %d (message %d) came before version %d%s", id, before.Version, before.StreamSequence, m.Version, c.since(before))
		}
		seen[m.Version] = m.StreamSequence
		for seen[next] != 0 {
			next++
		}
		before = m
	}
	highest := slices.MaxFunc(messages, byVersion).Version
	if next <= highest && !c.forgotten(id) {
		c.fault("user %s: version %d is not in the stream, and version %d is", id, next, highest)
	}
}

func byVersion(a, b Message) int { return cmp.Compare(a.Version, b.Version) }

// excused reports whether older versions may be missing before m: they were removed, or it was
// published before the service could know that they are.
func (c *check) excused(m Message) bool {
	return slices.ContainsFunc(c.Removals, func(r Removal) bool { return m.StreamSequence <= r.Last || r.early(m) })
}

// removed reports whether an older version may stand behind a newer one: it was removed from
// before that and published again.
func (c *check) removed(newer, older Message) bool {
	return slices.ContainsFunc(c.Removals, func(r Removal) bool {
		return newer.StreamSequence <= r.Last && r.Last < older.StreamSequence || r.early(newer)
	})
}

// since says how long before m somebody last removed messages.
func (c *check) since(m Message) string {
	said := ""
	for _, r := range c.Removals {
		if d := m.Stored.Sub(r.At); d > 0 {
			said = fmt.Sprintf(", %.1f s after a removal", d.Seconds())
		}
	}
	return said
}

// forgotten reports whether a user was deleted and the event that says so outlived a removal.
func (c *check) forgotten(id string) bool {
	return slices.ContainsFunc(c.users[id], func(m Message) bool { return m.Action == userevents.Deleted && c.excused(m) })
}

// life checks that a user's events, in order of version, are the life of one user.
func (c *check) life(id string, messages []Message) {
	var before Message
	for i, m := range messages {
		if (m.Action == userevents.Created) != (m.Version == 1) {
			c.fault("user %s: version %d is a %s", id, m.Version, m.Action)
		}
		if i > 0 && before.Action == userevents.Deleted && m.Version != before.Version {
			c.fault("user %s: version %d came after the user was deleted", id, m.Version)
		}
		before = m
	}
}

// requests compares what the clients know with the events.
func (c *check) requests() {
	byID := make(map[string]Request, len(c.Requests))
	for _, r := range c.Requests {
		byID[r.ID] = r
	}
	done := map[string]bool{}
	for id, messages := range c.users {
		var before Message
		var latest time.Time // when the latest of the requests so far was sent
		for _, m := range messages {
			if m.Version == before.Version {
				continue // twice, which has been said
			}
			r, known := byID[m.RequestID]
			if m.Version != before.Version+1 { // the one before is missing, which has been said
				before.Email, before.Username = m.Email, m.Username
			}
			switch {
			case !known:
				c.fault("user %s: version %d comes from no request", id, m.Version)
			case done[r.ID]:
				c.fault("user %s: version %d is a second event of one request", id, m.Version)
			case r.Action != m.Action:
				c.fault("user %s: version %d is a %s, the request wanted %q", id, m.Version, m.Action, r.Action)
			case r.Outcome == Refused:
				c.fault("user %s: version %d comes from a request that was refused", id, m.Version)
			case r.UserID != "" && r.UserID != id:
				c.fault("user %s: version %d comes from a request about user %s", id, m.Version, r.UserID)
			case m.Email != cmp.Or(r.Email, before.Email) || m.Username != cmp.Or(r.Username, before.Username):
				c.fault("user %s: version %d says %s, %s, the request %s, %s",
					id, m.Version, m.Email, m.Username, cmp.Or(r.Email, before.Email), cmp.Or(r.Username, before.Username))
			case r.Outcome == Acknowledged && r.Ended.Before(latest):
				c.fault("user %s: version %d was acknowledged before the one before it was asked for", id, m.Version)
			}
			done[r.ID] = true
			if r.Begun.After(latest) {
				latest = r.Begun
			}
			before = m
		}
	}
	for _, r := range c.Requests {
		if r.Outcome == Acknowledged && r.Action != "" && !done[r.ID] && !c.forgotten(r.UserID) {
			c.fault("user %s: a %s (%s) was acknowledged and has no event", r.UserID, r.Action, r.Username)
		}
	}
}

// table compares the rows with the last event of each user.
func (c *check) table() {
	there := map[string]bool{}
	for _, row := range c.Table {
		there[row.ID] = true
		messages := c.users[row.ID]
		if len(messages) == 0 {
			c.fault("user %s is in the table and has no event", row.ID)
			continue
		}
		last := messages[len(messages)-1]
		if last.Action == userevents.Deleted {
			c.fault("user %s is in the table and was deleted", row.ID)
		} else if want := (Row{row.ID, last.Email, last.Username, last.Version}); row != want {
			c.fault("user %s: the table has %+v, the last event %+v", row.ID, row, want)
		}
	}
	for id, messages := range c.users {
		if messages[len(messages)-1].Action != userevents.Deleted && !there[id] {
			c.fault("user %s is not in the table and was not deleted", id)
		}
	}
}

// copy compares what a subscriber holds with the table, and with who was deleted.
func (c *check) copy() {
	rows := map[string]Row{}
	for _, row := range c.Table {
		rows[row.ID] = row
		if held, there := c.Copy[row.ID]; !there || held.Deleted || held.Row != row {
			c.fault("user %s: the subscriber holds %+v, the table %+v", row.ID, held, row)
		}
	}
	for id, held := range c.Copy {
		if _, there := rows[id]; !there && !held.Deleted {
			c.fault("user %s: the subscriber holds %+v, the table nothing", id, held)
		}
	}
	for id, messages := range c.users {
		last := messages[len(messages)-1]
		if held := c.Copy[id]; last.Action == userevents.Deleted && (!held.Deleted || held.Version != last.Version) {
			c.fault("user %s was deleted as version %d, the subscriber holds %+v", id, last.Version, held)
		}
	}
	if len(c.Removals) == 0 {
		for _, e := range c.Jumps {
			c.fault("user %s: the subscriber got version %d before an older one", e.UserID, e.Version)
		}
	}
}
