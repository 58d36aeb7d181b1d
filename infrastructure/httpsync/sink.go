// Package httpsync hides HTTP from whoever delivers events: it POSTs each, signed, to the URL
// of another service.
package httpsync

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"time"

	"gofiber-auth/domain/models"
	"gofiber-auth/domain/services"
	"gofiber-auth/infrastructure/envelope"
	"gofiber-auth/pkg/metrics"
)

const (
	timeout         = 10 * time.Second // for a whole exchange
	longestAnswer   = 64 << 10         // bytes of an answer that are read, and thrown away
	connections     = 16               // kept for the next event
	headerSignature = "X-Signature"
)

// Options is what a Sink needs. Every field is required.
type Options struct {
	URL       string // may hold credentials
	Secret    string // signs what is sent
	UserAgent string
	Metrics   *metrics.Metrics
}

// Sink is the receiver behind a URL.
type Sink struct {
	Options

	client *http.Client
}

var _ services.EventSink = (*Sink)(nil)

var errNoURL = errors.New("the URL for events by HTTP cannot be parsed") // which is not shown

// New returns the sink. It speaks with nobody yet.
func New(o Options) (*Sink, error) {
	if _, err := url.Parse(o.URL); err != nil {
		return nil, errNoURL
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = connections
	return &Sink{Options: o, client: &http.Client{
		Transport: transport, Timeout: timeout,
		// A redirect is followed by nobody: events go where the operator said, and nowhere else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Close ends the connections that nobody uses.
func (s *Sink) Close() { s.client.CloseIdleConnections() }

// Deliver returns nil when the answer's status is 2xx.
func (s *Sink) Deliver(ctx context.Context, e models.OutboxEvent) error {
	begun := time.Now()
	err := s.post(ctx, e)
	switch {
	case err == nil:
		s.Metrics.HTTPSyncDeliveries.WithLabelValues("ok").Inc()
		s.Metrics.HTTPSyncDuration.Observe(time.Since(begun).Seconds())
	case ctx.Err() == nil: // else it was given up here, which says nothing
		s.Metrics.HTTPSyncDeliveries.WithLabelValues("error").Inc()
		s.Metrics.HTTPSyncDuration.Observe(time.Since(begun).Seconds())
	}
	return err
}

func (s *Sink) post(ctx context.Context, e models.OutboxEvent) error {
	body, header, err := envelope.Event(e)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL, bytes.NewReader(body))
	if err != nil {
		return errNoURL
	}
	maps.Copy(request.Header, header)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", s.UserAgent)
	request.Header.Set(headerSignature, "sha256="+s.signature(header, body))
	response, err := s.client.Do(request)
	if err != nil {
		return fmt.Errorf("deliver event: %w", withoutURL(err))
	}
	defer response.Body.Close()
	// What it says matters to nobody; read to its end, the connection can be used again.
	_, _ = io.CopyN(io.Discard, response.Body, longestAnswer)
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return fmt.Errorf("deliver event: the receiver answered %d", response.StatusCode)
	}
	return nil
}

// signature is the HMAC-SHA256 of what makes the event and its place in the order: a receiver
// can tell a header that was changed on the way as well as a changed body.
func (s *Sink) signature(header map[string][]string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(s.Secret))
	for _, name := range []string{envelope.HeaderMsgID, envelope.HeaderVersion, envelope.HeaderTime} {
		mac.Write([]byte(header[name][0] + "."))
	}
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// withoutURL leaves out of an error the URL, whose credentials and query are nobody's business.
func withoutURL(err error) error {
	if failure, ok := errors.AsType[*url.Error](err); ok {
		return failure.Err
	}
	return err
}
