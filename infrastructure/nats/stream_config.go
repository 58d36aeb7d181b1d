package nats

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"gofiber-auth/domain/models"
)

// duplicateWindow is how long the stream knows the events that it has, to drop repeats.
const duplicateWindow = time.Hour

// StreamSettings is the stream that the events go to.
type StreamSettings struct {
	Name     string
	Subject  string        // the events' subjects are this, a dot and the action
	Replicas int           // 1 to 5; 0 is 1
	MaxAge   time.Duration // how long messages stay; 0 is for ever
}

// config is the stream as it is made where there is none.
func (s StreamSettings) config() jetstream.StreamConfig {
	window := duplicateWindow
	if s.MaxAge > 0 {
		window = min(window, s.MaxAge) // the server refuses a window longer than the age
	}
	return jetstream.StreamConfig{
		Name:        s.Name,
		Description: "Changes of users' identities, one message each",
		Subjects:    []string{s.Subject + ".*"},
		Storage:     jetstream.FileStorage,
		Retention:   jetstream.LimitsPolicy, // any number of services read, each for itself
		Discard:     jetstream.DiscardOld,
		Replicas:    max(1, s.Replicas),
		MaxAge:      s.MaxAge,
		Duplicates:  window,
	}
}

// subjects are those that events are published on.
func (s StreamSettings) subjects() []string {
	var out []string
	for _, action := range []models.Action{models.ActionCreated, models.ActionUpdated, models.ActionDeleted} {
		out = append(out, s.Subject+"."+string(action))
	}
	return out
}

// unusable says why no event can be published to a stream of this configuration, or "".
func (s StreamSettings) unusable(got jetstream.StreamConfig) string {
	for _, subject := range s.subjects() {
		if !slices.ContainsFunc(got.Subjects, func(pattern string) bool { return covers(pattern, subject) }) {
			return fmt.Sprintf("stream %s does not take the subject %s", got.Name, subject)
		}
	}
	switch {
	case got.NoAck:
		return fmt.Sprintf("stream %s does not acknowledge (no_ack)", got.Name)
	case got.Sealed:
		return fmt.Sprintf("stream %s is sealed", got.Name)
	}
	return ""
}

// covers reports whether a subject without wildcards matches a pattern.
func covers(pattern, subject string) bool {
	tokens := strings.Split(subject, ".")
	for i, p := range strings.Split(pattern, ".") {
		if p == ">" {
			return len(tokens) > i
		}
		if i >= len(tokens) || (p != "*" && p != tokens[i]) {
			return false
		}
	}
	return strings.Count(pattern, ".") == strings.Count(subject, ".")
}

// differences lists the settings of a stream, by the server's names for them, that matter to
// what we promise and are not as we would have made them.
func (s StreamSettings) differences(got jetstream.StreamConfig) []string {
	want := s.config()
	var out []string
	differ := func(name string, is, ours any) {
		if is != ours {
			out = append(out, fmt.Sprintf("%s is %v, not %v", name, is, ours))
		}
	}
	differ("subjects", fmt.Sprint(got.Subjects), fmt.Sprint(want.Subjects))
	differ("storage", got.Storage, want.Storage)
	differ("retention", got.Retention, want.Retention)
	differ("discard", got.Discard, want.Discard)
	differ("num_replicas", got.Replicas, want.Replicas)
	differ("max_age", got.MaxAge, want.MaxAge)
	differ("duplicate_window", got.Duplicates, want.Duplicates)
	differ("max_msgs", limit(got.MaxMsgs), unlimited)
	differ("max_bytes", limit(got.MaxBytes), unlimited)
	differ("max_msgs_per_subject", limit(got.MaxMsgsPerSubject), unlimited)
	differ("max_msg_size", limit(got.MaxMsgSize), unlimited)
	return out
}

const unlimited = "unlimited"

// limit is a limit in words; the server writes none as 0 or -1.
func limit[N int32 | int64](n N) string {
	if n <= 0 {
		return unlimited
	}
	return fmt.Sprint(n)
}

// stateOf returns what a stream holds, as the domain sees it.
func stateOf(info *jetstream.StreamInfo) models.StreamState {
	cfg := info.Config
	return models.StreamState{
		ID: info.Created.UnixNano(), First: info.State.FirstSeq, Last: info.State.LastSeq,
		Deleted: info.State.Deleted, MaxAge: cfg.MaxAge,
		AgesOnly: cfg.Retention == jetstream.LimitsPolicy && cfg.MaxMsgs <= 0 && cfg.MaxBytes <= 0 &&
			cfg.MaxMsgsPerSubject <= 0 && !cfg.AllowMsgTTL,
	}
}
