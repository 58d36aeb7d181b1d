package redis

import (
	"errors"
	"strings"
	"testing"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/test/redisserver"
)

const secret = "s3cr3t-p4ssw0rd"

func TestTheRightPassword(t *testing.T) {
	t.Parallel()
	server := redisserver.New(t)
	server.Password = secret + `/:@#?% "`
	server.Start(t)
	store := NewOneTimeStore(connect(t, Options{URL: server.URL()}), "test")
	put(t, store, "key", "value")

	if err := admin(t, server).Do(t.Context(), "ACL", "SETUSER", "ada", "on", ">"+secret, "~ours:*", "+@all").Err(); err != nil {
		t.Fatal(err)
	}
	ada := connect(t, Options{URL: "redis://ada:" + secret + "@" + server.Addr})
	put(t, NewOneTimeStore(ada, "ours"), "key", "value")
	err := NewOneTimeStore(ada, "theirs").Put(t.Context(), "key", []byte("value"), time.Minute)
	if !errors.Is(err, domain.ErrUnavailable) || !strings.Contains(err.Error(), "NOPERM") {
		t.Errorf("Put() where it is not allowed = %v, want %v with the reason", err, domain.ErrUnavailable)
	}
}

func TestAWrongPasswordIsToldAndStaysSecret(t *testing.T) {
	t.Parallel()
	guarded := redisserver.New(t)
	guarded.Password = "another"
	guarded.Start(t)
	for _, url := range []string{
		"redis://:" + secret + "@" + guarded.Addr,
		"redis://default:" + secret + "@" + guarded.Addr + "/3",
		"redis://ada:" + secret + "@" + guarded.Addr,
		"redis://" + guarded.Addr,
	} {
		log := new(logBook)
		c := connect(t, Options{URL: url, Log: log.logger()})
		wantAway(t, c, NewOneTimeStore(c, "test"))
		told := log.String()
		if strings.Count(told, "level=WARN") > 2 || !strings.Contains(told, "refuses the credentials") {
			t.Errorf("want a line that says why, once, got\n%s", told)
		}
		if err := c.Ping(t.Context()); strings.Contains(told+err.Error(), secret) || strings.Contains(told+err.Error(), "ada") {
			t.Errorf("credentials were told:\n%s\n%v", told, err)
		}
	}

	open := redisserver.Start(t)
	log := new(logBook)
	c := connect(t, Options{URL: "redis://:" + secret + "@" + open.Addr, Log: log.logger()})
	if err := c.Ping(t.Context()); err != nil && !strings.Contains(err.Error(), "refuses the credentials") {
		t.Errorf("Ping() of a server that wants no password = %v", err)
	}
}

func TestWhatIsNoURL(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"",
		secret,
		"127.0.0.1:6379",
		"http://ada:" + secret + "@127.0.0.1",
		"unix:///" + secret,
		"redis://",
		"redis:///0",
		"redis://ada:" + secret + "%zz@127.0.0.1",
		"redis://ada:1/" + secret + "@127.0.0.1",
		"redis://ada:1?" + secret + "@127.0.0.1",
		"redis://ada:1#" + secret + "@127.0.0.1",
		"redis://ada:" + secret + "@127.0.0.1:port",
		"redis://ada:" + secret + "@127.0.0.1/first",
		"redis://ada:" + secret + "@127.0.0.1/-1",
		"redis://ada:" + secret + "@127.0.0.1/0/1",
		"redis://ada:" + secret + "@127.0.0.1?unknown=1",
		"rediss://ada:" + secret + "@127.0.0.1?skip_verify=true",
	} {
		c, err := Connect(Options{URL: url, Log: discard})
		if !errors.Is(err, ErrURL) {
			t.Errorf("Connect(%s) = %v, want %v", url, err, ErrURL)
		}
		if err == nil {
			t.Error(c.Close())
		} else if strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "ada") {
			t.Errorf("the error tells credentials: %v", err)
		}
	}
}
