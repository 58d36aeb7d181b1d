package node

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gofiber-auth/test/harness"
	"gofiber-auth/test/pgtest"
)

// What the Node.js half of "Run the examples" in SERVICE_INTEGRATION.md shows, step by step.
func TestRunsAsTheGuideShows(t *testing.T) {
	t.Parallel()
	manifest, err := os.ReadFile(filepath.Join(example, "package.json"))
	if err != nil || !strings.Contains(string(manifest), `"start": "node main.js"`) {
		t.Errorf("npm start is not what is tested here: %s, %v", manifest, err)
	}
	auth, bus := startAuth(t, nil)
	social, mine := startExample(t, map[string]string{
		"AUTH_URL": auth, "NATS_URL": bus, "DATABASE_URL": pgtest.New(t),
	})
	mine += "/profiles/me"
	token, err := register(auth, "ada")
	if err != nil {
		t.Fatal(err)
	}

	await(t, http.MethodGet, mine, token, http.StatusOK, `"username":"ada","displayName":null,"bio":null}`)
	must(t, http.MethodPut, mine, token, `{"displayName":"Ada","bio":"Notes"}`, http.StatusOK,
		`"username":"ada","displayName":"Ada","bio":"Notes"}`)
	must(t, http.MethodPatch, auth+"/api/v1/users/me", token, `{"username":"countess"}`, http.StatusOK, `"countess"`)
	await(t, http.MethodGet, mine, token, http.StatusOK, `"username":"countess","displayName":"Ada","bio":"Notes"}`)

	// Reading, which verifies by itself, goes on after the log-out; writing, which asks, stops.
	status, answer := call(http.MethodPost, auth+"/api/v1/auth/login", "", `{"username":"countess","password":"`+password+`"}`)
	var again struct{ Token string }
	if err := json.Unmarshal(answer, &again); err != nil || status != http.StatusOK {
		t.Fatalf("login: %d %s", status, answer)
	}
	must(t, http.MethodPost, auth+"/api/v1/auth/logout", again.Token, "", http.StatusNoContent, "")
	must(t, http.MethodGet, mine, again.Token, "", http.StatusOK, `"countess"`)
	must(t, http.MethodPut, mine, again.Token, `{"bio":"More notes"}`, http.StatusUnauthorized, `{"code":"unauthorized"}`)

	// The event refuses a deleted user long before the token's time runs out.
	must(t, http.MethodDelete, auth+"/api/v1/users/me", token, `{"currentPassword":"`+password+`"}`, http.StatusNoContent, "")
	await(t, http.MethodGet, mine, token, http.StatusUnauthorized, `{"code":"unauthorized"}`)

	social.stop(t)
	for _, line := range []string{`"message":"reading"`, `"action":"created"`, `"action":"updated"`, `"action":"deleted"`, `"message":"stopped"`} {
		if social.printed(line) == 0 {
			t.Errorf("it did not print %s", line)
		}
	}
}

// A service that begins while writes go on, with a snapshot of the real service's, ends with
// exactly the users of the table: none is missing, and none is back who was deleted.
func TestBeginsInMidStream(t *testing.T) {
	t.Parallel()
	bus, theirs, mine := startBus(t), pgtest.New(t), pgtest.New(t)
	auth, _ := startAuth(t, map[string]string{"DATABASE_URL": theirs, "NATS_URL": bus.url, "SYNC_TOKEN": syncToken})
	load := startLoad(t, auth)
	awaitMore(t, theirs, "users", 50)

	// Two instances at once, one of which takes the snapshot.
	settings := map[string]string{"AUTH_URL": auth, "SYNC_TOKEN": syncToken, "NATS_URL": bus.url, "DATABASE_URL": mine}
	one, _ := launchExample(t, settings)
	other, _ := launchExample(t, settings)
	instances := []program{one, other}
	awaitMore(t, theirs, "users", 50)
	for _, social := range instances {
		social.awaitPrinted(t, `"message":"applied"`, 10) // they share the events
	}
	users, deleted := load.finish(t, theirs)
	for id, u := range awaitUsers(t, mine, users) { // who was gone before it began it never hears of
		if deleted[id] != u {
			t.Errorf("%+v is taken for deleted, want %+v", u, deleted[id])
		}
	}
	beginnings := 0
	for _, social := range instances {
		beginnings += social.printed(`"message":"beginning"`)
		if social.printed(`"behind":0,`)+social.printed(`"snapshot":false`) > 0 {
			t.Error("it did not begin behind a snapshot")
		}
		social.stop(t)
	}
	if beginnings != 1 {
		t.Errorf("they began %d times", beginnings)
	}
}

// The example's own tests.
func TestUnits(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(example, "*.test.js"))
	if err != nil || len(files) == 0 {
		t.Fatalf("there are the files %q, %v", files, err)
	}
	p := harness.Run(t, nil, "", node.node, append([]string{"--test"}, files...)...)
	if code := p.ExitCode(t); code != 0 || !strings.Contains(p.Output(), "fail 0") {
		t.Errorf("exit code %d", code)
	}
}
