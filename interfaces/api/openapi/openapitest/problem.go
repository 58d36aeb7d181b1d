package openapitest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// edgeStatus is the status of each problem that any address may answer with; those of the
// routes have theirs in the document.
var edgeStatus = map[string]int{
	"bad_request":            http.StatusBadRequest,
	"not_found":              http.StatusNotFound,
	"method_not_allowed":     http.StatusMethodNotAllowed,
	"request_timeout":        http.StatusRequestTimeout,
	"payload_too_large":      http.StatusRequestEntityTooLarge,
	"unsupported_media_type": http.StatusUnsupportedMediaType,
	"header_too_large":       http.StatusRequestHeaderFieldsTooLarge,
	"internal":               http.StatusInternalServerError,
	"overloaded":             http.StatusServiceUnavailable,
	"unavailable":            http.StatusServiceUnavailable,
}

// checkProblem returns where a problem contradicts itself or its response. Its schema has been
// checked before.
func checkProblem(resp *http.Response, body []byte) error {
	var p struct {
		Type, Code, RequestID string
		Status                int
		Errors                []struct{}
	}
	if err := json.Unmarshal(body, &p); err != nil {
		return err
	}
	if p.Status != resp.StatusCode {
		return fmt.Errorf("the problem says status %d", p.Status)
	}
	if want, ok := edgeStatus[p.Code]; ok && p.Status != want {
		return fmt.Errorf("the code %s belongs to status %d", p.Code, want)
	}
	if want := "/problems/" + strings.ReplaceAll(p.Code, "_", "-"); p.Type != want {
		return fmt.Errorf("the type is %s, not %s", p.Type, want)
	}
	if id := resp.Header.Get("X-Request-ID"); p.RequestID != id {
		return fmt.Errorf("the problem has the request id %s, its header %s", p.RequestID, id)
	}
	if p.Code != "validation_failed" && p.Errors != nil {
		return errors.New("there is a list of errors, which belongs to validation_failed alone")
	}
	if p.Status == http.StatusMethodNotAllowed && resp.Header.Get("Allow") == "" {
		return errors.New("there is no Allow")
	}
	if p.Status == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") == "" {
		return errors.New("there is no Retry-After")
	}
	return nil
}
