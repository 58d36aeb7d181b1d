package nats

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"

	"github.com/nats-io/nats.go/jetstream"

	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
)

// streamFault is why the stream takes no events.
type streamFault struct {
	detail string // short, for people
	cause  error  // may be nil
}

func (f *streamFault) Error() string {
	if f.cause == nil {
		return f.detail
	}
	return f.detail + ": " + f.cause.Error()
}

func (f *streamFault) Unwrap() error { return f.cause }

// stream makes sure that the bus has the stream, and says when it is not as it should be.
// It makes one where there is none and never changes one that there is: it may be an
// operator's, and other services rely on it.
type stream struct {
	settings StreamSettings
	js       jetstream.JetStream
	log      *slog.Logger

	doubts atomic.Int64 // grows when the stream may no longer be what it was

	// For whoever has the turn.
	turn     chan struct{}
	reported string             // what was last logged about the stream
	gaps     models.StreamState // the last state that was asked for with its deleted sequences
}

func newStream(js jetstream.JetStream, settings StreamSettings, log *slog.Logger) *stream {
	s := &stream{settings: settings, js: js, log: log, turn: make(chan struct{}, 1)}
	s.doubts.Store(1)
	return s
}

// doubt makes what was found before worth nothing.
func (s *stream) doubt() { s.doubts.Add(1) }

var errInDoubt = errors.New("the stream may be another one by now")

// check returns domain.ErrUnavailable where the stream may not be what inspect found.
func (s *stream) check(found models.StreamState) error {
	if found.Look == s.doubts.Load() {
		return nil
	}
	return domain.ErrUnavailable.Because(errInDoubt)
}

// inspect asks the bus for the stream, makes it where there is none, and returns what it
// holds and how it differs from the settings.
func (s *stream) inspect(ctx context.Context) (state models.StreamState, differences []string, err error) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return state, nil, domain.ErrUnavailable.Because(ctx.Err())
	}
	doubts := s.doubts.Load()
	found, err := s.find(ctx)
	if err == nil {
		state, err = s.state(ctx, found)
	}
	if errors.Is(err, domain.ErrUnavailable) {
		s.report(slog.LevelWarn, "the event bus does not answer", err.Error())
		return state, nil, err
	}
	if err != nil {
		s.report(slog.LevelError, "it cannot be used", err.Error())
		return state, nil, err
	}
	differences = s.settings.differences(found.CachedInfo().Config)
	state.Look = doubts
	if len(differences) == 0 {
		s.report(slog.LevelInfo, "as configured", "")
		return state, nil, nil
	}
	s.report(slog.LevelWarn, "other settings than configured; it is left as it is", strings.Join(differences, "; "))
	return state, differences, nil
}

// state reads what a stream holds.
func (s *stream) state(ctx context.Context, found jetstream.Stream) (models.StreamState, error) {
	info := found.CachedInfo()
	state := stateOf(info)
	if info.State.NumDeleted == 0 {
		return state, nil
	}
	if state.ID != s.gaps.ID || info.State.NumDeleted != len(s.gaps.Deleted) { // the list may be long
		info, err := found.Info(ctx, jetstream.WithDeletedDetails(true))
		if err != nil {
			return state, s.explain(ctx, err)
		}
		s.gaps = stateOf(info)
		return s.gaps, nil
	}
	state.Deleted = s.gaps.Deleted
	return state, nil
}

// report logs what there is to say about the stream once, until there is something else to say.
func (s *stream) report(level slog.Level, state, detail string) {
	if now := state + detail; now != s.reported {
		s.reported = now
		s.log.Log(context.Background(), level, "event stream", "stream", s.settings.Name, "state", state, "detail", detail)
	}
}

// find returns a stream that takes events, or a streamFault, or domain.ErrUnavailable while
// the bus does not answer.
func (s *stream) find(ctx context.Context) (jetstream.Stream, error) {
	found, err := s.js.Stream(ctx, s.settings.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		found, err = s.js.CreateStream(ctx, s.settings.config())
	}
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // another instance was faster, with other settings
		found, err = s.js.Stream(ctx, s.settings.Name)
	}
	if err != nil {
		return nil, s.explain(ctx, err)
	}
	if why := s.settings.unusable(found.CachedInfo().Config); why != "" {
		return nil, &streamFault{detail: why}
	}
	return found, nil
}

// codeSubjectsOverlap is the server's refusal of a stream whose subjects another one has.
const codeSubjectsOverlap jetstream.ErrorCode = 10065

// explain turns the reason why a stream could not be had into what find returns.
func (s *stream) explain(ctx context.Context, err error) error {
	refusal := apiError(err)
	switch {
	case refusal == nil:
		return domain.ErrUnavailable.Because(fmt.Errorf("stream %s: %w", s.settings.Name, err))
	case refusal.ErrorCode == codeSubjectsOverlap:
		return &streamFault{detail: s.rival(ctx), cause: err}
	default:
		return &streamFault{detail: fmt.Sprintf("stream %s: %s", s.settings.Name, refusal.Description), cause: err}
	}
}

// rival names the stream that has our subjects.
func (s *stream) rival(ctx context.Context) string {
	for _, subject := range s.settings.subjects() {
		if other, err := s.js.StreamNameBySubject(ctx, subject); err == nil {
			return fmt.Sprintf("stream %s has the subject %s", other, subject)
		}
	}
	return "another stream has the subjects"
}

// apiError returns the server's refusal in err's chain, or nil where the server said nothing.
func apiError(err error) *jetstream.APIError {
	if refusal, ok := errors.AsType[*jetstream.APIError](err); ok {
		return refusal
	}
	if known, ok := errors.AsType[jetstream.JetStreamError](err); ok {
		return known.APIError()
	}
	return nil
}
