package mail

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gofiber-auth/domain/services"
)

func show(t *testing.T, b *Box, target string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	b.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, http.NoBody))
	if w.Code != http.StatusOK || w.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	return w
}

func TestTheBoxShowsTheNewestMails(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	at := time.Date(2026, 11, 24, 3, 4, 5, 0, time.UTC)
	b := NewBox(slog.New(slog.NewJSONHandler(&log, nil)), func() time.Time { return at })
	var empty struct{ Mails []json.RawMessage }
	if err := json.Unmarshal(show(t, b, "/?format=json").Body.Bytes(), &empty); err != nil || empty.Mails == nil {
		t.Errorf("an empty box is %v, %v", empty, err)
	}
	if page := show(t, b, "/").Body.String(); !strings.Contains(page, "none yet") {
		t.Errorf("an empty box is %s", page)
	}
	for i := range 103 {
		m := services.MailMessage{
			To: fmt.Sprintf("user%d@example.com", i), Subject: "<b>Subject</b>", Text: "Go to\nhttps://app.example.com/auth/verify-email?token=abc&x=1\nnow",
			HTML: `<script>alert("x")</script>`,
		}
		if err := b.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	var got struct {
		Mails []struct {
			At                      time.Time
			To, Subject, Text, HTML string
		}
	}
	if err := json.Unmarshal(show(t, b, "/?format=json").Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Mails) != 100 || got.Mails[0].To != "user102@example.com" || got.Mails[99].To != "user3@example.com" || !got.Mails[0].At.Equal(at) || got.Mails[0].HTML == "" {
		t.Errorf("%d mails are shown, from %+v", len(got.Mails), got.Mails[0])
	}
	w := show(t, b, "/")
	page := w.Body.String()
	if strings.Contains(page, "<script>") || strings.Contains(page, "<b>Subject") ||
		!strings.Contains(page, `<a href="https://app.example.com/auth/verify-email?token=abc&amp;x=1" rel="noreferrer">`) {
		t.Errorf("the page is %s", page)
	}
	if policy := w.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "script") {
		t.Errorf("the policy is %q", policy)
	}
	if !strings.Contains(log.String(), "user102@example.com") || !strings.Contains(log.String(), "verify-email?token=abc") {
		t.Errorf("the log is %s", log.String())
	}
}
