package chaos

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gofiber-auth/pkg/userevents"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// story makes up evidence in which nothing is wrong, step by step.
type story struct {
	Evidence

	now time.Time
}

// happens adds an acknowledged request that changes a user, and all that follows from it.
func (s *story) happens(id string, action userevents.Action, name string) {
	s.request(id, action, name, Acknowledged)
	s.published(s.Requests[len(s.Requests)-1], s.Copy[id].Version+1)
}

// request adds a request alone.
func (s *story) request(id string, action userevents.Action, name string, outcome Outcome) {
	r := Request{
		ID: fmt.Sprintf("request-%d", len(s.Requests)+1), Action: action, UserID: id, Outcome: outcome,
		Username: name, Begun: s.now, Ended: s.now.Add(time.Millisecond),
	}
	if action == userevents.Created {
		r.Email = name + "@example.com"
	}
	s.now = s.now.Add(2 * time.Millisecond)
	s.Requests = append(s.Requests, r)
}

// published adds the event of a request, the row and the subscriber's copy.
func (s *story) published(r Request, version int64) {
	row := Row{ID: r.UserID, Email: s.Copy[r.UserID].Email, Username: s.Copy[r.UserID].Username, Version: version}
	if r.Email != "" {
		row.Email = r.Email
	}
	if r.Username != "" {
		row.Username = r.Username
	}
	sequence := uint64(len(s.Stream) + 1)
	s.Stream = append(s.Stream, Message{
		Event: userevents.Event{
			ID: fmt.Sprintf("event-%d", sequence), UserID: row.ID, Email: row.Email, Username: row.Username,
			Action: r.Action, Version: version, RequestID: r.ID, StreamSequence: sequence,
		},
		Subject: "user.events." + string(r.Action), Stored: r.Ended,
	})
	s.Copy[row.ID] = Held{Row: row, Deleted: r.Action == userevents.Deleted}
	s.Table = slices.DeleteFunc(s.Table, func(old Row) bool { return old.ID == row.ID })
	if r.Action != userevents.Deleted {
		s.Table = append(s.Table, row)
	}
}

// calm is a story with a user that changes twice (messages 1, 3 and 5), one that is deleted (2
// and 4), one whose last answer was lost (6 and 7), and one of whom nothing came.
func calm() *story {
	s := &story{Evidence: Evidence{Copy: map[string]Held{}}, now: noon}
	s.happens("ada", userevents.Created, "ada")
	s.happens("bob", userevents.Created, "bob")
	s.happens("ada", userevents.Updated, "ada2")
	s.happens("bob", userevents.Deleted, "")
	s.happens("ada", userevents.Updated, "ada3")
	s.happens("cleo", userevents.Created, "cleo")
	s.request("cleo", userevents.Updated, "cleo2", Unknown)
	s.published(s.Requests[6], 2)
	s.request("ada", "", "", Acknowledged) // her log-in
	s.request("ada", userevents.Updated, "cleo2", Refused)
	s.request("", userevents.Created, "dora", Unknown)
	return s
}

// take takes messages out of the stream, by their sequences.
func (s *story) take(sequences ...uint64) {
	s.Stream = slices.DeleteFunc(s.Stream, func(m Message) bool { return slices.Contains(sequences, m.StreamSequence) })
}

// again puts copies of messages at the end of the stream, so long after noon.
func (s *story) again(after time.Duration, sequences ...uint64) {
	last := s.Stream[len(s.Stream)-1].StreamSequence
	for _, m := range s.Stream {
		last = max(last, m.StreamSequence)
	}
	for _, sequence := range sequences {
		i := slices.IndexFunc(calm().Stream, func(m Message) bool { return m.StreamSequence == sequence })
		m := calm().Stream[i]
		last++
		m.ID, m.StreamSequence, m.Stored = fmt.Sprintf("event-%d", last), last, noon.Add(after)
		s.Stream = append(s.Stream, m)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(s *story)
		want   []string // parts of the faults, each of which has at least one of them
	}{
		"nothing is wrong": {func(*story) {}, nil},

		// What must be seen.
		"a created is lost": {func(s *story) { s.take(1) }, []string{
			"user ada: version 1 is not in the stream", "came without version 1", "a created (ada) was acknowledged",
		}},
		"the last event is lost": {func(s *story) { s.take(5) }, []string{
			"a updated (ada3) was acknowledged and has no event", "user ada: the table has",
		}},
		"an event is there twice": {func(s *story) { s.again(time.Minute, 5) }, []string{
			"user ada: version 3 is in the stream twice, as messages 5 and 8",
		}},
		"two events are swapped": {func(s *story) {
			s.Stream[2], s.Stream[4] = s.Stream[4], s.Stream[2]
		}, []string{"user ada: version 3 (message 5) came without version 2 before it"}},
		"an event of a refused request": {func(s *story) {
			s.published(s.Requests[8], 4)
		}, []string{"comes from a request that was refused"}},
		"two events of one request": {func(s *story) {
			s.published(s.Requests[4], 4)
		}, []string{"version 4 is a second event of one request"}},
		"an event of nobody's request": {func(s *story) {
			s.published(Request{ID: "forged", UserID: "ada", Action: userevents.Updated, Username: "eve"}, 4)
		}, []string{"version 4 comes from no request"}},
		"an event that says something else": {func(s *story) { s.Stream[2].Username = "eve" }, []string{
			"user ada: version 2 says ada@example.com, eve, the request ada@example.com, ada2",
		}},
		"an event on another subject": {func(s *story) { s.Stream[3].Subject = "user.events.updated" }, []string{
			"message 4 is on the subject user.events.updated",
		}},
		"a second created": {func(s *story) {
			s.Stream[2].Action, s.Stream[2].Subject, s.Requests[2].Action = userevents.Created, "user.events.created", userevents.Created
		}, []string{"user ada: version 2 is a created"}},
		"changes in another order than a client saw": {func(s *story) {
			s.Requests[2].Begun, s.Requests[2].Ended, s.Requests[4].Begun, s.Requests[4].Ended =
				s.Requests[4].Begun, s.Requests[4].Ended, s.Requests[2].Begun, s.Requests[2].Ended
		}, []string{"user ada: version 3 was acknowledged before the one before it was asked for"}},
		"a row without an event": {func(s *story) {
			s.Table = append(s.Table, Row{"dora", "dora@example.com", "dora", 1})
		}, []string{"user dora is in the table and has no event", "user dora: the subscriber holds"}},
		"an event without a row": {func(s *story) {
			s.Table = slices.DeleteFunc(s.Table, func(r Row) bool { return r.ID == "cleo" })
		}, []string{"user cleo is not in the table and was not deleted", "the table nothing"}},
		"a row that was deleted": {func(s *story) {
			s.Table = append(s.Table, Row{"bob", "bob@example.com", "bob", 2})
		}, []string{"user bob is in the table and was deleted", "user bob: the subscriber holds"}},
		"a stale copy": {func(s *story) {
			h := s.Copy["ada"]
			h.Username, h.Version = "ada2", 2
			s.Copy["ada"] = h
		}, []string{"user ada: the subscriber holds"}},
		"a copy in which the dead live": {func(s *story) {
			h := s.Copy["bob"]
			h.Deleted = false
			s.Copy["bob"] = h
		}, []string{"user bob: the subscriber holds", "user bob was deleted as version 2"}},
		"a subscriber that got a newer event first": {func(s *story) {
			s.Jumps = append(s.Jumps, s.Stream[4].Event)
		}, []string{"user ada: the subscriber got version 3 before an older one"}},

		// What an operator did.
		"removed, and nobody published again": {func(s *story) {
			s.take(1, 3)
			s.Removals = []Removal{{At: s.now, Last: 7}}
		}, []string{"user ada: version 1 is not in the stream, and version 3 is", "was acknowledged and has no event"}},
		"removed but for the deletion": {func(s *story) {
			s.take(2)
			s.Removals = []Removal{{At: s.now, Last: 7}}
		}, nil},
		"removed and published again": {func(s *story) {
			s.take(1, 2, 3)
			s.again(time.Minute, 1, 2, 3)
			s.Removals = []Removal{{At: s.now, Last: 7}}
			s.Jumps = append(s.Jumps, s.Stream[1].Event)
		}, nil},
		"published again in another order": {func(s *story) {
			s.take(1, 2, 3)
			s.again(time.Minute, 3, 1, 2)
			s.Removals = []Removal{{At: s.now, Last: 7}}
		}, []string{"user ada: version 2 (message 8) came without version 1 before it"}},
		"newer before what was removed, not yet seen": {func(s *story) {
			s.take(1, 3, 5)
			s.again(noticed/2, 5)
			s.again(2*noticed, 1, 3)
			s.Removals = []Removal{{At: s.now, Last: 7}}
		}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := calm()
			tt.change(s)
			faults := s.Faults()
			if len(tt.want) == 0 && len(faults) > 0 || len(tt.want) > 0 && len(faults) == 0 {
				t.Fatalf("Faults() = %q, want %q", faults, tt.want)
			}
			for _, f := range faults {
				if !slices.ContainsFunc(tt.want, func(part string) bool { return strings.Contains(f, part) }) {
					t.Errorf("unexpected: %s", f)
				}
			}
			if len(tt.want) > 0 && !slices.ContainsFunc(faults, func(f string) bool { return strings.Contains(f, tt.want[0]) }) {
				t.Errorf("Faults() = %q, want %q among them", faults, tt.want[0])
			}
		})
	}
}
