package nats

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"gofiber-auth/domain"
)

func TestBusThatComesLater(t *testing.T) {
	t.Parallel()
	addr := freeAddress(t)
	c := connect(t, ConnectOptions{URL: "nats://" + addr})
	f := newFixture(t, c, userEvents)
	early := newEvents(3)

	begin := time.Now()
	for i, r := range f.Publish(t.Context(), early) {
		if !errors.Is(r.Err, domain.ErrUnavailable) {
			t.Errorf("event %d: %v, want %v", i, r.Err, domain.ErrUnavailable)
		}
	}
	if detail, err := f.Check(t.Context()); detail != "down: not connected" || err == nil {
		t.Errorf("Check() = %q, %v while the bus is away", detail, err)
	}
	if d := time.Since(begin); d > patience {
		t.Errorf("saying that the bus is away took %v", d)
	}

	bus := startBusAt(t, addr, t.TempDir())
	f.awaitReady(t)
	if info := streamInfo(t, operator(t, bus), "USER_EVENTS"); info.State.LastSeq != 0 {
		t.Errorf("%d events that had failed were sent later", info.State.LastSeq)
	}
	f.publish(t, early...)
}

const secret = "s3cr3t-p4ssw0rd"

func TestPasswordStaysSecret(t *testing.T) {
	t.Parallel()
	guarded := startGuarded(t, "127.0.0.1:0", secret)
	addr := address(guarded)
	other := freeAddress(t)
	for _, url := range []string{
		"nats://ada:" + secret + "@" + addr,
		"nats://" + secret + "@" + addr, // a token, refused by the server
		"nats://ada:" + secret + "@" + other + ",nats://ada:" + secret + "@" + addr,
		"nats://ada:" + secret + "x@" + addr, // refused by the server
		"nats://ada:" + secret + "@" + other, // nobody there
		"nats://ada:" + secret + "@name.invalid:4222",
		"ada:" + secret + "@" + addr,
		// What somebody may mistake for a URL.
		"nats://ada:" + secret + "%zz@" + addr,
		"nats://ada:" + secret + "/x@" + addr,
		"nats://ada:1/" + secret + "@" + addr,
		"nats://ada:1?" + secret + "@" + addr,
		"nats://ada:1#" + secret + "@" + addr,
		"http://ada:" + secret + "@" + addr,
		"nats://ada:" + secret + "@",
		"nats://ada:" + secret + "@" + addr + ",",
		"nats://ada:" + secret + "@" + addr + " nats://ada:" + secret + "@" + other,
	} {
		log := new(logBook)
		var told []string
		c, err := Connect(ConnectOptions{URL: url, Name: "test", Log: log.logger()})
		if err != nil {
			told = append(told, err.Error())
			if !errors.Is(err, ErrURL) {
				t.Errorf("Connect() = %v, want %v", err, ErrURL)
			}
		} else {
			f := newFixture(t, c, userEvents)
			eventually(t, "a word in the log", func() bool { return log.String() != "" })
			detail, err := f.Check(t.Context())
			told = append(told, detail, fmt.Sprint(err))
			for _, r := range f.Publish(t.Context(), newEvents(1)) {
				told = append(told, fmt.Sprint(r.Err))
			}
			f.Close()
			closeConnection(t, c)
			told = append(told, f.log.String())
		}
		told = append(told, log.String())
		if all := strings.Join(told, "\n"); strings.Contains(all, secret) || strings.Contains(all, "ada") {
			t.Errorf("credentials were told:\n%s", all)
		}
	}
}

// startGuarded starts a server that wants a password.
func startGuarded(t *testing.T, addr, password string) *Embedded {
	t.Helper()
	bus, err := startEmbedded(
		EmbeddedOptions{Addr: addr, StoreDir: t.TempDir(), Log: slog.New(slog.DiscardHandler)},
		func(o *server.Options) { o.Username, o.Password = "ada", password })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(bus.Shutdown)
	return bus
}

func TestPasswordPutRightOnTheServer(t *testing.T) {
	t.Parallel()
	wrong := startGuarded(t, "127.0.0.1:0", "another")
	addr, log := address(wrong), new(logBook)
	c := connect(t, ConnectOptions{URL: "nats://ada:" + secret + "@" + addr, Log: log.logger()})
	f := newFixture(t, c, userEvents)
	// More refusals than the two after which the library gives up by itself.
	eventually(t, "some tries", func() bool { return wrong.server.NumClients() == 0 && c.nc.Stats().Reconnects > 3 })
	wrong.Shutdown()

	startGuarded(t, addr, secret)
	f.awaitReady(t)
	f.publish(t, newEvents(1)...)
	if n := strings.Count(log.String(), "the event bus is away"); n != 1 {
		t.Errorf("one absence was logged %d times:\n%s", n, log)
	}
}
