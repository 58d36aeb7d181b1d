package deploy

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"gofiber-auth/pkg/userevents"
	"gofiber-auth/test/harness"
)

// The service publishes, makes the stream where there is none, and meets no refusal.
func TestServiceHasWhatItNeeds(t *testing.T) {
	t.Parallel()
	b := startBus(t, shipped+"/nats-server.conf")
	operator := connect(t, b.url("operator"), "operator")
	s := startService(t, b.url("auth"))
	s.awaitEvents(t, "ok")
	ada := s.mustRegister(t, "ada")
	awaitEvent(t, operator, ada)

	// What is purged comes back, though the bus takes it for a repeat.
	stream, err := operator.js.Stream(t.Context(), streamName)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	awaitEvent(t, operator, ada)

	if err := operator.js.DeleteStream(t.Context(), streamName); err != nil {
		t.Fatal(err)
	}
	awaitEvent(t, operator, s.mustRegister(t, "bob"))
	refusedNothing(t, s.Output(), b.Output())
}

func refusedNothing(t *testing.T, outputs ...string) {
	t.Helper()
	for _, output := range outputs {
		if strings.Contains(strings.ToLower(output), "violation") {
			t.Error("something was refused; see the output")
		}
	}
}

// A subscriber reads with pkg/userevents and goes on with cmd/test_subscriber.
func TestSubscriberReads(t *testing.T) {
	t.Parallel()
	b := startBus(t, shipped+"/nats-server.conf")
	s := startService(t, b.url("auth"))
	ada := s.mustRegister(t, "ada")
	if err := s.rename(ada, "countess"); err != nil {
		t.Fatal(err)
	}

	events, stop := follow(t, b.url("social"), "social")
	for version := int64(1); version <= 2; version++ {
		if e := receive(t, events); e.UserID != ada.User.ID || e.Version != version {
			t.Fatalf("received %+v, want version %d of %s", e, version, ada.User.ID)
		}
	}
	stop()

	if err := s.remove(ada); err != nil {
		t.Fatal(err)
	}
	p := harness.Run(t, nil, "", "test_subscriber", "-url", b.url("social"), "-durable", "social", "-json")
	harness.Eventually(t, "test_subscriber prints the third event", func() error {
		if !strings.Contains(p.Output(), `"action":"deleted","version":3`) {
			return harness.ErrNotYet
		}
		return nil
	})
	if strings.Contains(p.Output(), `"version":2`) {
		t.Errorf("it did not go on where the durable was:\n%s", p.Output())
	}
	if err := p.Cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := p.ExitCode(t); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
	refusedNothing(t, p.Output(), b.Output())
}

// follow reads the stream by a durable until stop is called, or the test ends.
func follow(t *testing.T, urls, durable string) (events <-chan userevents.Event, stop func()) {
	t.Helper()
	nc, err := userevents.Connect(urls, durable, func(err error) { t.Logf("subscriber: %v", err) })
	if err != nil {
		t.Fatal(err)
	}
	read := make(chan userevents.Event, 100_000)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer nc.Close()
		err := userevents.Consumer{
			Conn: nc, Stream: streamName, Durable: durable,
			Handle: func(_ context.Context, e userevents.Event) error { read <- e; return nil },
			Report: func(err error) { t.Logf("subscriber: %v", err) },
		}.Run(ctx)
		if err != nil {
			t.Errorf("subscriber: %v", err)
		}
	}()
	stop = func() { cancel(); <-ended }
	t.Cleanup(stop)
	return read, stop
}

func receive(t *testing.T, events <-chan userevents.Event) userevents.Event {
	t.Helper()
	var e userevents.Event
	harness.Eventually(t, "an event", func() error {
		select {
		case e = <-events:
			return nil
		default:
			return harness.ErrNotYet
		}
	})
	return e
}

// request is something that a user asks of the bus.
type request struct{ subject, payload string }

// harm is what nobody but an operator may do: each works for one, in this order.
var harm = []request{
	{"$JS.API.STREAM.MSG.DELETE.USER_EVENTS", `{"seq":1}`},
	{"$JS.API.STREAM.UPDATE.USER_EVENTS", `{"name":"USER_EVENTS","subjects":["user.events.*"],"max_age":3600000000000,"duplicate_window":3600000000000}`},
	{"$JS.API.STREAM.PURGE.USER_EVENTS", `{}`},
	{"$JS.API.STREAM.CREATE.OTHER", `{"name":"OTHER","subjects":["other"],"sources":[{"name":"USER_EVENTS"}]}`},
	{"$JS.API.STREAM.DELETE.OTHER", ""},
	{"$JS.API.CONSUMER.PAUSE.USER_EVENTS.search", `{"pause_until":"2999-01-01T00:00:00Z"}`},
	{"$JS.API.CONSUMER.DELETE.USER_EVENTS.search", ""},
	{"$JS.API.STREAM.DELETE.USER_EVENTS", ""},
}

// The shipped configuration with a second subscriber, and what the first may not do.
func TestSubscriberOnlyReads(t *testing.T) {
	t.Parallel()
	b, operator, before := startVictim(t)
	social := connect(t, b.url("social"), "social")
	if _, err := social.js.CreateConsumer(t.Context(), streamName, durable("social")); err != nil {
		t.Fatalf("it cannot make its own durable: %v", err)
	}

	for _, r := range append([]request{
		{"user.events.created", `{}`},
		{"user.events.deleted", `{}`},
		{"$JS.API.STREAM.CREATE.USER_EVENTS", `{"name":"USER_EVENTS","subjects":["user.events.*"]}`},
		{"$JS.API.STREAM.SNAPSHOT.USER_EVENTS", `{"deliver_subject":"_INBOX_social.snapshot"}`},
		{"$JS.API.STREAM.LEADER.STEPDOWN.USER_EVENTS", ""},
		{"$JS.API.STREAM.LIST", ""},
		{"$JS.API.CONSUMER.LIST.USER_EVENTS", ""},
		{"$JS.API.CONSUMER.CREATE.USER_EVENTS", `{"stream_name":"USER_EVENTS","config":{"ack_policy":"explicit"}}`},
		{"$JS.API.CONSUMER.CREATE.USER_EVENTS.search", `{"stream_name":"USER_EVENTS","config":{"durable_name":"search","ack_policy":"explicit","max_ack_pending":5}}`},
		{"$JS.API.CONSUMER.DURABLE.CREATE.USER_EVENTS.search", `{"stream_name":"USER_EVENTS","config":{"durable_name":"search","ack_policy":"explicit","max_ack_pending":5}}`},
		{"$JS.API.CONSUMER.INFO.USER_EVENTS.search", ""},
		{"$JS.API.CONSUMER.MSG.NEXT.USER_EVENTS.search", "1"},
		{"$JS.API.CONSUMER.LEADER.STEPDOWN.USER_EVENTS.search", ""},
		{"$JS.ACK.USER_EVENTS.search.1.1.1.1700000000000000000.0", "+ACK"},
		{"_INBOX_search.reply", "forged"},
		{"_INBOX.reply", "forged"},
	}, harm...) {
		if err := social.PublishRequest(r.subject, social.NewInbox(), []byte(r.payload)); err != nil {
			t.Fatal(err)
		}
		if fault := social.awaitFault(t, r.subject); !strings.Contains(fault, fmt.Sprintf("Publish to %q", r.subject)) {
			t.Errorf("%s: %s", r.subject, fault)
		}
	}
	for _, subject := range []string{">", "*.>", "user.events.>", "user.events.created", "_INBOX.>", "_INBOX_search.>", "_INBOX_search.reply", "$JS.>", "$JS.ACK.>"} {
		if _, err := social.SubscribeSync(subject); err != nil {
			t.Fatal(err)
		}
		if fault := social.awaitFault(t, subject); !strings.Contains(fault, fmt.Sprintf("Subscription to %q", subject)) {
			t.Errorf("%s: %s", subject, fault)
		}
	}

	// Through its own durable's subject it reaches no other durable, and its durable can push
	// neither into the stream nor, as nobody subscribes to exactly that, into the API.
	create := "$JS.API.CONSUMER.CREATE.USER_EVENTS.social"
	for payload, refusal := range map[string]string{
		`{"stream_name":"USER_EVENTS","config":{"durable_name":"search","ack_policy":"explicit","max_ack_pending":5}}`:                     "does not match",
		`{"stream_name":"USER_EVENTS","config":{"durable_name":"social","ack_policy":"explicit","deliver_subject":"user.events.deleted"}}`: "cycle",
	} {
		answer, err := social.Request(create, []byte(payload), harness.Patience)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(answer.Data), refusal) {
			t.Errorf("%s: %s", payload, answer.Data)
		}
	}
	if err := social.js.DeleteConsumer(t.Context(), streamName, "social"); err != nil {
		t.Errorf("it cannot delete its own durable: %v", err)
	}
	push := durable("social")
	push.DeliverSubject = "$JS.API.STREAM.PURGE.USER_EVENTS"
	if _, err := social.js.CreatePushConsumer(t.Context(), streamName, push); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, lookAt(t, operator)); diff != "" {
		t.Errorf("it did some harm (-before +after):\n%s", diff)
	}
}

// The bus asks nobody whether a user may publish where it wants its replies. What it stores of
// them is no event, and those who read go on.
func TestRepliesIntoTheStreamAreNoEvents(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS(shipped)); err != nil {
		t.Fatal(err)
	}
	addSubscriber(t, folder, "search")
	b := startBus(t, filepath.Join(folder, "nats-server.conf"))
	s := startService(t, b.url("auth"))
	ada := s.mustRegister(t, "ada")
	operator := connect(t, b.url("operator"), "operator")
	awaitEvent(t, operator, ada)

	search := connect(t, b.url("search"), "search")
	if _, err := search.js.CreateConsumer(t.Context(), streamName, durable("search")); err != nil {
		t.Fatal(err)
	}
	for _, subject := range []string{"$JS.API.INFO", "$JS.API.STREAM.INFO.USER_EVENTS", "$JS.API.CONSUMER.MSG.NEXT.USER_EVENTS.search"} {
		if err := search.PublishRequest(subject, "user.events.deleted", nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := search.js.Stream(t.Context(), streamName); err != nil { // it answers in turn
		t.Fatal(err)
	}
	bob := s.mustRegister(t, "bob")
	events, _ := follow(t, b.url("social"), "social")
	for _, want := range []account{ada, bob} {
		if e := receive(t, events); e.UserID != want.User.ID || e.Action != userevents.Created || e.Version != 1 {
			t.Errorf("received %+v, want that %s was created", e, want.User.Username)
		}
	}
}

func TestServiceCannotDestroy(t *testing.T) {
	t.Parallel()
	b, operator, before := startVictim(t)
	auth := connect(t, b.url("auth"), "auth")
	for _, r := range append([]request{
		{"user.events.created.more", "{}"},
		{"$JS.API.CONSUMER.CREATE.USER_EVENTS.mine", `{"stream_name":"USER_EVENTS","config":{"durable_name":"mine","ack_policy":"explicit"}}`},
		{"$JS.API.CONSUMER.MSG.NEXT.USER_EVENTS.search", "1"},
		{"_INBOX_search.reply", "forged"},
	}, harm...) {
		if err := auth.PublishRequest(r.subject, auth.NewInbox(), []byte(r.payload)); err != nil {
			t.Fatal(err)
		}
		if fault := auth.awaitFault(t, r.subject); !strings.Contains(fault, fmt.Sprintf("Publish to %q", r.subject)) {
			t.Errorf("%s: %s", r.subject, fault)
		}
	}
	for _, subject := range []string{">", "user.events.>", "_INBOX_social.>", "$JS.>"} {
		if _, err := auth.SubscribeSync(subject); err != nil {
			t.Fatal(err)
		}
		if fault := auth.awaitFault(t, subject); !strings.Contains(fault, fmt.Sprintf("Subscription to %q", subject)) {
			t.Errorf("%s: %s", subject, fault)
		}
	}
	if diff := cmp.Diff(before, lookAt(t, operator)); diff != "" {
		t.Errorf("it did some harm (-before +after):\n%s", diff)
	}
}

// What is refused to the others does work: the requests are right ones.
func TestOperatorMayDoAll(t *testing.T) {
	t.Parallel()
	_, operator, _ := startVictim(t)
	for _, r := range harm {
		answer, err := operator.Request(r.subject, []byte(r.payload), harness.Patience)
		if err != nil {
			t.Fatalf("%s: %v", r.subject, err)
		}
		if strings.Contains(string(answer.Data), `"error"`) {
			t.Errorf("%s: %s", r.subject, answer.Data)
		}
	}
}

func TestNobodyElseGetsIn(t *testing.T) {
	t.Parallel()
	b := startBus(t, shipped+"/nats-server.conf")
	for _, credentials := range []string{"", "auth:wrong@", "social:@", "stranger:auth-secret@", "auth:" + passwords["NATS_SOCIAL_PASSWORD"] + "@"} {
		nc, err := natsgo.Connect("nats://" + credentials + b.addr)
		if err == nil {
			nc.Close()
			t.Errorf("%q was let in", credentials)
		} else if !strings.Contains(strings.ToLower(err.Error()), "authorization") {
			t.Errorf("%q: %v", credentials, err)
		}
	}
}

// startVictim starts a bus with the shipped configuration and a second subscriber, search,
// added as README.md says. It has a stream of three messages, of which search has read one.
func startVictim(t *testing.T) (b *bus, operator *client, state victim) {
	t.Helper()
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS(shipped)); err != nil {
		t.Fatal(err)
	}
	addSubscriber(t, folder, "search")
	b = startBus(t, filepath.Join(folder, "nats-server.conf"))
	operator = connect(t, b.url("operator"), "operator")
	_, err := operator.js.CreateStream(t.Context(), jetstream.StreamConfig{Name: streamName, Subjects: []string{"user.events.*"}})
	if err != nil {
		t.Fatal(err)
	}
	auth := connect(t, b.url("auth"), "auth")
	for i := range 3 {
		if _, err := auth.js.Publish(t.Context(), "user.events.created", fmt.Appendf(nil, `{"id":"%d"}`, i)); err != nil {
			t.Fatal(err)
		}
	}
	search := connect(t, b.url("search"), "search")
	consumer, err := search.js.CreateConsumer(t.Context(), streamName, durable("search"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := consumer.Next()
	if err != nil {
		t.Fatal(err)
	}
	if err := m.DoubleAck(t.Context()); err != nil {
		t.Fatal(err)
	}
	return b, operator, lookAt(t, operator)
}

func durable(name string) jetstream.ConsumerConfig {
	return jetstream.ConsumerConfig{Durable: name, AckPolicy: jetstream.AckExplicitPolicy, MaxAckPending: 1}
}

// victim is what a user of the bus could harm.
type victim struct {
	Stream  jetstream.StreamState
	Config  jetstream.StreamConfig
	Streams int
	Search  jetstream.SequenceInfo
	Durable jetstream.ConsumerConfig
}

func lookAt(t *testing.T, operator *client) victim {
	t.Helper()
	stream, err := operator.js.Stream(t.Context(), streamName)
	if err != nil {
		t.Fatalf("the stream: %v", err)
	}
	search, err := stream.Consumer(t.Context(), "search")
	if err != nil {
		t.Fatalf("the other's durable: %v", err)
	}
	account, err := operator.js.AccountInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	v := victim{
		Stream: stream.CachedInfo().State, Config: stream.CachedInfo().Config, Streams: account.Streams,
		Search: search.CachedInfo().AckFloor, Durable: search.CachedInfo().Config,
	}
	v.Stream.Consumers = 0 // its own may come and go
	v.Search.Last = nil
	return v
}

// addSubscriber does what "Adding a subscriber" in README.md says.
func addSubscriber(t *testing.T, folder, name string) {
	t.Helper()
	edit := func(from, to string, change *strings.Replacer) {
		text, err := os.ReadFile(filepath.Join(folder, from))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, to), []byte(change.Replace(string(text))), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	edit("subscribers/social.conf", "subscribers/"+name+".conf", strings.NewReplacer("social", name, "SOCIAL", strings.ToUpper(name)))
	edit("accounts.conf", "accounts.conf", strings.NewReplacer(
		`include "subscribers/social.conf"`, `include "subscribers/social.conf"`+"\n  "+`include "subscribers/`+name+`.conf"`,
		"$SOCIAL", "$SOCIAL\n    $"+strings.ToUpper(name)))
}
