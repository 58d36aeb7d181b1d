package envelope_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gofiber-auth/domain/models"
	"gofiber-auth/infrastructure/envelope"
)

var update = flag.Bool("update", false, "rewrite the golden file")

// written is an event as it is sent.
type written struct {
	Headers map[string][]string `json:"headers"`
	Payload string              `json:"payload"`
}

// Other services parse what stands in the golden file: a difference breaks them.
func TestEvent(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 24, 3, 4, 5, 678_901_234, time.FixedZone("Bangkok", 7*60*60))
	const user = "0199c1de-0000-7000-8000-000000000001"
	var got []written
	for _, e := range []models.OutboxEvent{
		{
			ID: "0199c1de-0000-7000-8000-00000000000a", UserID: user, Version: 1, Action: models.ActionCreated,
			Email: "user@example.com", Username: "john_doe", RequestID: "req-1", OccurredAt: at,
		},
		{
			ID: "0199c1de-0000-7000-8000-00000000000b", UserID: user, Version: 2, Action: models.ActionUpdated,
			Email: "o'neil&sons<x>@example.com", Username: "jöhn.doe-2", RequestID: "req-2", OccurredAt: at.Truncate(time.Second),
		},
		{
			ID: "0199c1de-0000-7000-8000-00000000000c", UserID: user, Version: 3, Action: models.ActionDeleted,
			Email: "o'neil&sons<x>@example.com", Username: "jöhn.doe-2", OccurredAt: at.Add(time.Hour),
		},
	} {
		body, header, err := envelope.Event(e)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, written{Headers: header, Payload: string(body)})
	}
	const golden = "testdata/events.golden.json"
	if *update {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		if err := enc.Encode(got); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	var want []written
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events differ from %s (-want +got):\n%s", golden, diff)
	}
}
