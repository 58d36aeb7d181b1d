package devidp

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
)

// maxParams is how many bytes a query or a form may have.
const maxParams = 16 << 10

var (
	errForm  = errors.New("the parameters are malformed")
	errLarge = errors.New("the parameters are too long")
)

// params is what a request says. A parameter without a value counts as left out, and one that
// comes twice is a fault (RFC 6749 section 3.1).
type params struct {
	values   map[string]string
	repeated []string
}

func (p params) get(name string) string { return p.values[name] }

func (p params) repeats(name string) bool { return slices.Contains(p.repeated, name) }

func parseParams(raw string) (params, error) {
	if len(raw) > maxParams {
		return params{}, errLarge
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return params{}, errForm // err quotes what it could not read
	}
	p := params{values: map[string]string{}}
	for name, all := range values {
		if len(all) > 1 {
			p.repeated = append(p.repeated, name)
		} else if all[0] != "" {
			p.values[name] = all[0]
		}
	}
	return p, nil
}

// readForm reads the form in the body of a request.
func readForm(w http.ResponseWriter, r *http.Request) (params, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return params{}, errForm
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxParams))
	if err != nil {
		return params{}, errLarge
	}
	return parseParams(string(body))
}
