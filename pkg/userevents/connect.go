package userevents

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	natsgo "github.com/nats-io/nats.go"
)

// ErrURL says that an address of the bus is not one. The error never holds the address, in
// which a password may stand.
var ErrURL = errors.New("not a NATS URL")

// Connect returns a connection to the bus at the given addresses, separated by commas for a
// cluster. It returns while the bus is still away, and the connection comes back by itself
// for ever. The name is how the server lists this client. Close the connection after use.
//
// If report is not nil it is told, by another goroutine, why the bus cannot be reached each
// time that it cannot, and what the bus refuses.
//
// Where the addresses have a user name and a password, replies come to _INBOX_<user>: a bus
// that keeps the replies of its users apart permits each of them that inbox and no other.
//
// A connection made otherwise will do for a Consumer too, if it reconnects for ever.
func Connect(addresses, name string, report func(error)) (*natsgo.Conn, error) {
	if report == nil {
		report = func(error) {}
	}
	options := natsgo.GetDefaultOptions()
	for i, one := range strings.Split(addresses, ",") {
		one = strings.TrimSpace(one)
		if !strings.Contains(one, "://") {
			one = "nats://" + one
		}
		if !isAddress(one) {
			return nil, fmt.Errorf("address %d of the event bus: %w", i+1, ErrURL)
		}
		options.Servers = append(options.Servers, one)
	}
	options.InboxPrefix = inboxPrefix(options.Servers[0])
	options.Name = name
	options.RetryOnFailedConnect = true
	options.MaxReconnect = -1
	options.IgnoreAuthErrorAbort = true
	options.ReconnectWait = 500 * time.Millisecond
	options.ReconnectJitter = 500 * time.Millisecond
	options.PingInterval = 10 * time.Second
	options.ReconnectErrCB = func(_ *natsgo.Conn, err error) { report(err) }
	options.AsyncErrorCB = func(_ *natsgo.Conn, _ *natsgo.Subscription, err error) { report(err) }
	options.NoCallbacksAfterClientClose = true
	nc, err := options.Connect()
	if err != nil {
		return nil, fmt.Errorf("event bus: %w", err)
	}
	return nc, nil
}

// inboxPrefix returns where replies to the user of an address come to, or "" for the default.
// A user without a password is a token, and secret.
func inboxPrefix(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.User == nil {
		return ""
	}
	name := u.User.Username()
	if _, hasPassword := u.User.Password(); !hasPassword || name == "" || strings.ContainsAny(name, " \t\r\n.*>") {
		return ""
	}
	return "_INBOX_" + name
}

func isAddress(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" {
		return false
	}
	// An @ behind the host is part of a password with a slash in it; the host is not one.
	return slices.Contains([]string{"nats", "tls", "ws", "wss"}, u.Scheme) &&
		!strings.Contains(u.Path+u.RawQuery+u.Fragment, "@")
}
