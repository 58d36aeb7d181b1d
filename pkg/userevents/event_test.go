package userevents

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const ada = "0199c1de-0000-7000-8000-000000000001"

func adasHeaders() map[string][]string {
	return map[string][]string{
		"Nats-Msg-Id":  {"0199c1de-0000-7000-8000-00000000000a"},
		"User-Version": {"3"},
		"Event-Schema": {"2"},
		"Event-Time":   {"2026-11-23T20:04:05.678901Z"},
		"X-Request-ID": {"req-1"},
	}
}

const adasBody = `{"id":"` + ada + `","email":"ada@example.com","username":"ada","action":"updated"}`

func adasEvent() Event {
	return Event{
		ID: "0199c1de-0000-7000-8000-00000000000a", UserID: ada, Email: "ada@example.com", Username: "ada",
		Action: Updated, Version: 3, Time: time.Date(2026, 11, 23, 20, 4, 5, 678901000, time.UTC), RequestID: "req-1",
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	overHTTP := http.Header{}
	for name, v := range adasHeaders() {
		overHTTP.Set(name, v[0])
	}
	withoutRequest := adasHeaders()
	delete(withoutRequest, "X-Request-ID")
	nobodysRequest := adasEvent()
	nobodysRequest.RequestID = ""
	tests := map[string]struct {
		header map[string][]string
		body   string
		want   Event
	}{
		"a message":                   {adasHeaders(), adasBody, adasEvent()},
		"an HTTP request":             {overHTTP, adasBody, adasEvent()},
		"without a request":           {withoutRequest, adasBody, nobodysRequest},
		"with a field of later times": {adasHeaders(), strings.Replace(adasBody, "{", `{"new":{"a":1},`, 1), adasEvent()},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Decode(tt.header, []byte(tt.body))
			if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
				t.Errorf("Decode() = %v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		header, value string // to put among the headers
		body          string
		want          error
	}{
		"no id":                  {header: "Nats-Msg-Id", want: ErrMalformed},
		"no version":             {header: "User-Version", want: ErrMalformed},
		"version zero":           {header: "User-Version", value: "0", want: ErrMalformed},
		"a word for a version":   {header: "User-Version", value: "ada@example.com", want: ErrMalformed},
		"no time":                {header: "Event-Time", want: ErrMalformed},
		"another form of time":   {header: "Event-Time", value: "23 Nov 2026", want: ErrMalformed},
		"no schema":              {header: "Event-Schema", want: ErrMalformed},
		"a later schema":         {header: "Event-Schema", value: "3", want: ErrSchema},
		"no body":                {body: " ", want: ErrMalformed},
		"no JSON":                {body: "ada@example.com", want: ErrMalformed},
		"other JSON":             {body: `["ada@example.com"]`, want: ErrMalformed},
		"no user":                {body: `{"email":"ada@example.com","username":"ada","action":"created"}`, want: ErrMalformed},
		"no email":               {body: `{"id":"` + ada + `","username":"ada","action":"created"}`, want: ErrMalformed},
		"no username":            {body: `{"id":"` + ada + `","email":"ada@example.com","action":"created"}`, want: ErrMalformed},
		"an action that is none": {body: strings.Replace(adasBody, "updated", "ada@example.com", 1), want: ErrMalformed},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			header, body := adasHeaders(), adasBody
			if tt.body != "" {
				body = tt.body
			}
			if tt.header != "" {
				header[tt.header] = []string{tt.value}
			}
			_, err := Decode(header, []byte(body))
			if !errors.Is(err, tt.want) {
				t.Fatalf("Decode() = %v, want %v", err, tt.want)
			}
			if strings.Contains(err.Error(), "@") {
				t.Errorf("the error repeats the message: %v", err)
			}
		})
	}
}
