package examiner

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"gofiber-auth/test/fakeidp"
)

// age has everything in the tables whose names match seem older, without a word to the service:
// all their times move back.
func (w *world) age(t *testing.T, tables string, by time.Duration) {
	t.Helper()
	ctx := t.Context()
	conn, err := pgx.Connect(ctx, w.dsn)
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

// TestGraceEnds lets more and less than ten seconds pass between the uses of a token.
func TestGraceEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{postgres: true})
	a := w.one.register(t)
	first := w.one.refresh(t, a.RefreshToken)
	w.age(t, "refresh", 5*time.Second)
	second := w.one.refresh(t, a.RefreshToken)
	w.age(t, "refresh", 6*time.Second)
	// Unused successors stay good, however old.
	b := w.one.logIn(t, a.User)
	c := w.one.refresh(t, b.RefreshToken)
	w.age(t, "refresh", time.Hour)
	w.one.refresh(t, c.RefreshToken)
	w.one.refresh(t, second.RefreshToken)
	w.one.reused(t, a.RefreshToken)
	w.dead(t, "the session", first)

	d := w.one.logIn(t, a.User)
	e := w.one.refresh(t, d.RefreshToken)
	w.age(t, "refresh", 11*time.Second)
	w.one.reused(t, d.RefreshToken) // though no successor has been used
	w.dead(t, "the session", e)
}

// TestMailTokensEnd lets more and less than half an hour, and a day, pass.
func TestMailTokensEnd(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		by            time.Duration
		verify, reset int
	}{
		"29 minutes": {29 * time.Minute, 204, 204},
		"31 minutes": {31 * time.Minute, 204, 400},
		"23 hours":   {23*time.Hour + 55*time.Minute, 204, 400},
		"24 hours":   {24*time.Hour + time.Minute, 400, 400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, plan{postgres: true})
			a, token := w.newMember(t)
			resetToken := w.askReset(t, a.User.Email, 2)
			w.age(t, "mail", c.by)
			if got := w.one.send(t, verify(token)); got.status != c.verify {
				t.Errorf("verification = %d %s, want %d", got.status, got.body, c.verify)
			}
			if got := w.one.send(t, reset(resetToken, another)); got.status != c.reset {
				t.Errorf("reset = %d %s, want %d", got.status, got.body, c.reset)
			}
		})
	}
}

var linkPattern = regexp.MustCompile(`https?://\S+`)

// TestMailsOfBefore has mails wait for the mail server while the e-mail changes: whoever has the
// old mailbox gets nothing that works.
func TestMailsOfBefore(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, plan{}, func(t *testing.T, w *world) {
		w.sink.Stop()
		a := w.one.register(t)
		w.one.must(t, forgot(a.User.Email), 202, nil)
		fresh := "new." + a.User.Email
		w.one.must(t, request{method: "PATCH", path: "/users/me", token: a.Token, body: object("email", fresh, "currentPassword", password)}, 200, nil)
		w.sink.Start(t)
		token := w.tokenOf(t, w.late(t, fresh, 1)[0], verifyPage)
		w.late(t, a.User.Email, 1) // the notice at least
		last := w.one.register(t)
		w.late(t, last.User.Email, 1)
		for _, m := range w.sink.Mails(a.User.Email) {
			for _, link := range linkPattern.FindAllString(m.Text, -1) {
				if _, old, found := strings.Cut(link, "token="); found {
					w.one.refuses(t, verify(old), 400, "invalid_token")
					w.one.refuses(t, reset(old, another), 400, "invalid_token")
				}
			}
		}
		w.one.must(t, verify(token), 204, nil)
	})
}

// TestSessionsAge has sessions get older.
func TestSessionsAge(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{postgres: true, providers: true})
	a := w.one.register(t)
	guest := w.one.come(t, fakeidp.Answer{Subject: "guest-of-old", Email: w.name() + "@example.com", Verified: true})
	const hundred = 100 * time.Hour
	w.age(t, "^sessions", hundred)
	next := w.one.refresh(t, a.RefreshToken)
	if want := int((720*time.Hour - hundred).Seconds()); next.RefreshExpiresIn > want || next.RefreshExpiresIn < want-60 {
		t.Errorf("refreshExpiresIn after 100 h is %d, want %d", next.RefreshExpiresIn, want)
	}
	if list := w.one.sessions(t, a.Token); len(list) != 1 || time.Since(list[0].CreatedAt) < hundred {
		t.Errorf("the sessions are %+v", list)
	}
	guest = w.one.refresh(t, guest.RefreshToken)
	setting := request{method: "PUT", path: "/users/me/password", token: guest.Token, body: object("newPassword", another)}
	w.one.refuses(t, setting, 403, "reauthentication_required") // a refresh is no proof
	w.one.refuses(t, request{method: "DELETE", path: "/users/me", token: guest.Token}, 403, "reauthentication_required")
	w.one.refuses(t, request{method: "PATCH", path: "/users/me", token: guest.Token, body: object("email", w.name()+"@example.com")}, 403, "reauthentication_required")
	setting.token = w.one.come(t, fakeidp.Answer{Subject: "guest-of-old", Email: guest.User.Email, Verified: true}).Token
	w.one.must(t, setting, 204, nil)

	w.age(t, "^sessions", 620*time.Hour+time.Minute)
	w.one.refuses(t, request{method: "POST", path: "/auth/refresh", body: object("refreshToken", next.RefreshToken)}, 401, "invalid_refresh_token")
	if got := w.one.send(t, request{method: "GET", path: "/users/me", token: next.Token}); got.status != 401 {
		t.Errorf("an access token of a session that has expired = %d", got.status)
	}
	if list := w.one.sessions(t, w.one.logIn(t, a.User).Token); len(list) != 1 {
		t.Errorf("there are %d sessions, want the new one", len(list))
	}
}
