package contract

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"gofiber-auth/test/client"
	"gofiber-auth/test/fakeidp"
	"gofiber-auth/test/harness"
)

// authctl runs the operator's tool and returns its exit code and output.
func authctl(t *testing.T, env map[string]string, stdin string, args ...string) (int, string) {
	t.Helper()
	p := harness.Run(t, env, stdin, "authctl", args...)
	code := p.ExitCode(t)
	return code, p.Output()
}

// readiness is the body of /health/ready.
type readiness struct {
	Status string
	Checks map[string]string
}

func (s *service) readiness(t *testing.T) (r readiness) {
	t.Helper()
	got := s.Send(t, request{Method: "GET", Path: "//health/ready"})
	if err := json.Unmarshal(got.Body, &r); err != nil {
		t.Errorf("readiness is %s", got.Body)
	}
	return r
}

// age moves back all times in the tables whose names match, so that what is in them seems older.
func (s *setup) age(t *testing.T, tables string, by time.Duration) {
	t.Helper()
	ctx := t.Context()
	conn, err := pgx.Connect(ctx, s.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	rows, err := conn.Query(ctx, `SELECT table_name::text, column_name::text FROM information_schema.columns
		WHERE table_schema = 'public' AND table_name ~ $1 AND data_type = 'timestamp with time zone'`, tables)
	if err != nil {
		t.Fatal(err)
	}
	columns, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct{ Table, Column string }])
	if err != nil || len(columns) == 0 {
		t.Fatalf("the times of %s are %v: %v", tables, columns, err)
	}
	for _, c := range columns {
		column := pgx.Identifier{c.Column}.Sanitize()
		statement := fmt.Sprintf("UPDATE %s SET %s = %s - $1::interval", pgx.Identifier{c.Table}.Sanitize(), column, column)
		if _, err := conn.Exec(ctx, statement, by); err != nil {
			t.Fatal(err)
		}
	}
}

// come logs a person in through Google. The user has no password.
func (s *setup) come(t *testing.T, person fakeidp.Answer) auth {
	t.Helper()
	return s.browser().LogIn(t, fakeidp.Google, person)
}

// link links a LINE identity to the user.
func (s *setup) link(t *testing.T, token string) {
	t.Helper()
	if query := s.browser().Link(t, fakeidp.LINE, token, fakeidp.Answer{Subject: client.Name()}); query.Get("linked") != fakeidp.LINE {
		t.Fatalf("linking leads to %v", query)
	}
}
