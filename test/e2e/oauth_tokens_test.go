package e2e

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gofiber-auth/infrastructure/devidp/devidptest"
	"gofiber-auth/infrastructure/postgres"
)

// The providers' tokens of real log-ins lie nowhere as they are. Their key can be replaced, and
// who logged in before logs in after.
func TestProviderTokensAreKeptSealed(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, env map[string]string) {
		provider := newIDP(t)
		provider.configure(env)
		users := map[string]string{}
		logIn := func(s *instance) (given []string) {
			t.Helper()
			before := len(provider.given())
			for n, name := range providers {
				in := newFlow(t, name).mustLogIn(t, s, devidptest.AsPerson(numbered(n)))
				if was, known := users[name]; known && was != in.User.ID {
					t.Errorf("who came through %s is somebody else now", name)
				}
				users[name] = in.User.ID
			}
			return provider.given()[before:]
		}
		s := start(t, withKeys(env, "a"))
		v := openVault(t, env)
		given := logIn(s)
		v.keeps(t, 'a', given)
		s.stop(t)

		s = start(t, withKeys(env, "ba"))
		if code, output := authctl(t, withKeys(env, "ba"), "", "keys", "rotate"); code != 0 || !strings.Contains(output, "sealed anew        3 identities") {
			t.Errorf("keys rotate: %d %s", code, output)
		}
		v.keeps(t, 'b', given)
		s.stop(t)

		s = start(t, withKeys(env, "b"))
		v.keeps(t, 'b', logIn(s))
		s.stop(t)
		nowhereBelow(t, env["DATA_DIR"], provider.given())
		for _, token := range provider.given() {
			if strings.Contains(s.Output(), token) {
				t.Error("a provider's token stands in the log")
			}
		}
	})
}

// keeps checks that of each provider a token is kept which was among those given, that the key
// alone opens it, and that nothing in the table shows any of them.
func (v vault) keeps(t *testing.T, key rune, given []string) {
	t.Helper()
	identities, err := postgres.NewIdentities(v.db).Page(t.Context(), "", 100)
	if err != nil || len(identities) != len(providers) {
		t.Fatalf("%d identities have tokens, want %d: %v", len(identities), len(providers), err)
	}
	sealer := sealerOf(t, encryptionKey(key))
	for _, i := range identities {
		for sealed, place := range map[string]string{i.AccessToken: i.AccessTokenContext(), i.RefreshToken: i.RefreshTokenContext()} {
			if sealed == "" && place == i.RefreshTokenContext() {
				continue // not every provider gives one
			}
			if token, err := sealer.Open(sealed, place); err != nil || !slices.Contains(given, string(token)) {
				t.Errorf("the token at %s cannot be had with key %c, or is none that was given: %v", place, key, err)
			}
		}
	}
	table := v.table(t)
	for _, token := range given {
		if strings.Contains(table, token) {
			t.Errorf("the table shows a token: %s", table)
		}
	}
}

// table is all that stands in the table of identities.
func (v vault) table(t *testing.T) string {
	t.Helper()
	pools, err := v.db.Pools()
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, pool := range pools {
		rows, err := pool.QueryContext(t.Context(), "SELECT * FROM oauth_providers")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		columns, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			values := make([]any, len(columns))
			for n := range values {
				values[n] = new(sql.RawBytes)
			}
			if err := rows.Scan(values...); err != nil {
				t.Fatal(err)
			}
			for n, name := range columns {
				fmt.Fprintf(&all, "%s %s\n", name, *values[n].(*sql.RawBytes))
			}
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.Contains(all.String(), "access_token v1.") {
		t.Fatalf("no token is kept in %s", all.String())
	}
	return all.String()
}

// nowhereBelow checks that no file below the folder holds any of the texts.
func nowhereBelow(t *testing.T, folder string, texts []string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		files++
		for _, text := range texts {
			if strings.Contains(string(content), text) {
				t.Errorf("%s holds a token", filepath.Base(path))
			}
		}
		return err
	})
	if err != nil || files == 0 {
		t.Errorf("%d files were read: %v", files, err)
	}
}
