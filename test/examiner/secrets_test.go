package examiner

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"io"
	"iter"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// keepsSecrets looks for secrets and e-mail addresses in the log, and for secrets in the
// metrics and, on PostgreSQL, in the database.
func (i *instance) keepsSecrets(t *testing.T) {
	t.Helper()
	places := map[string]string{"log": i.Output()}
	for _, address := range []string{"@example.com", "%40example.com"} {
		if at := strings.Index(strings.ToLower(i.Output()), address); at >= 0 {
			t.Errorf("an e-mail address is in the log: …%s…", i.Output()[max(0, at-300):min(len(i.Output()), at+100)])
		}
	}
	select {
	case <-i.Exited:
	default:
		if res, err := http.Get(i.base + "/metrics"); err == nil {
			body, _ := io.ReadAll(res.Body)
			res.Body.Close()
			places["metrics"] = string(body)
			if strings.Contains(string(body), "@example.com") {
				t.Error("an e-mail address is in the metrics")
			}
		}
	}
	if i.w.dsn != "" {
		places["database"] = dump(t, i.w.dsn)
	}
	i.w.secret("password", password, another)
	i.w.spellings()
	for place, text := range places {
		for _, secret := range i.w.found(text) {
			t.Errorf("in the %s there is the %s", place, secret)
		}
	}
}

// spellings adds how tokens would look in a column of bytes, unless there are thousands.
func (w *world) spellings() {
	const most = 400
	w.mu.Lock()
	defer w.mu.Unlock()
	for secret, what := range maps.Clone(w.secrets) {
		if raw, err := base64.RawURLEncoding.DecodeString(secret); err == nil && len(raw) >= 16 && len(w.secrets) < most {
			w.secrets[hex.EncodeToString(raw)] = what + " in bytes"
			w.secrets[hex.EncodeToString([]byte(secret))] = what + " in hex"
			w.secrets[base64.StdEncoding.EncodeToString([]byte(secret))] = what + " in base64"
		}
	}
}

// dump is every row of every table as a text, with the name of its table before it.
func dump(t *testing.T, dsn string) string {
	t.Helper()
	ctx := context.WithoutCancel(t.Context()) // also at the end of the test
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	texts := func(query string) []string {
		rows, err := conn.Query(ctx, query)
		if err != nil {
			t.Fatal(err)
		}
		all, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	var all []string
	for _, table := range texts(`SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'`) {
		for _, row := range texts("SELECT t::text FROM " + pgx.Identifier{table}.Sanitize() + " t") {
			all = append(all, table+" "+row)
		}
	}
	return strings.Join(all, "\n")
}

// linesWith is the lines of a dump that hold a text.
func linesWith(text, part string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for line := range strings.Lines(text) {
			if strings.Contains(strings.ToLower(line), strings.ToLower(part)) && !yield(line) {
				return
			}
		}
	}
}

// firstWord is the table of a dump's line.
func firstWord(line string) string {
	word, _, _ := strings.Cut(line, " ")
	return word
}
