package oauth

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"gofiber-auth/pkg/metrics"
)

// The calls of a provider, as the metrics name them.
const (
	callToken    = "token"
	callUserinfo = "userinfo"
	callJWKS     = "jwks"
)

var (
	errBadURL  = errors.New("the provider's address cannot be parsed") // it is not shown
	errTooLong = errors.New("the answer is too long")
)

// calls is how a provider is spoken to: no redirect is followed, no answer read beyond a bound,
// and no error shows what was sent or answered.
type calls struct {
	provider string
	client   *http.Client
	metrics  *metrics.Metrics
}

func newCalls(provider string, d Deps) calls {
	return calls{provider: provider, metrics: d.Metrics, client: &http.Client{
		Transport: d.Transport,
		// A redirect would carry the client's secret or a person's token to somewhere else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// object sends a request and returns the JSON object of a good answer.
func (c calls) object(r *http.Request, call string) (object, error) {
	body, err := c.answer(r, call)
	if err != nil {
		return nil, err
	}
	o, err := parseObject(body)
	if err != nil {
		return nil, fmt.Errorf("%s call: %w", call, err)
	}
	if fault, told := o["error"]; told && fault != nil {
		return nil, fmt.Errorf("%s call: the answer is an error%s", call, reason(o))
	}
	return o, nil
}

// answer sends a request and returns the body of an answer with status 200.
func (c calls) answer(r *http.Request, call string) ([]byte, error) {
	begun := time.Now()
	status, body, err := c.exchange(r)
	c.metrics.ProviderDuration.WithLabelValues(c.provider, call).Observe(time.Since(begun).Seconds())
	if err != nil {
		return nil, fmt.Errorf("%s call: %w", call, err)
	}
	if status != http.StatusOK {
		told, _ := parseObject(body) // an answer that is no object gives no reason
		return nil, fmt.Errorf("%s call: the answer has status %d%s", call, status, reason(told))
	}
	return body, nil
}

func (c calls) exchange(r *http.Request) (status int, body []byte, err error) {
	r.Header.Set("Accept", "application/json")
	response, err := c.client.Do(r) //nolint:gosec // G704: the operator says where providers are, nobody else
	if err != nil {
		return 0, nil, tellable(r.Context(), err)
	}
	defer response.Body.Close()
	body, err = io.ReadAll(io.LimitReader(response.Body, longestAnswer+1))
	switch {
	case err != nil:
		return 0, nil, tellable(r.Context(), err)
	case len(body) > longestAnswer:
		return 0, nil, errTooLong
	}
	return response.StatusCode, body, nil
}
