package node

import (
	"path/filepath"
	"testing"

	"gofiber-auth/test/harness"
	"gofiber-auth/test/pgtest"
)

// The example has all that it needs on a bus with the configuration of deploy/nats, where a
// subscriber may do little: to make its durable, to read, and to begin anew.
func TestReadsWithASubscribersPermissions(t *testing.T) {
	t.Parallel()
	config, err := filepath.Abs("../../deploy/nats/nats-server.conf")
	if err != nil {
		t.Fatal(err)
	}
	port := harness.FreePort(t)
	harness.Run(t, map[string]string{
		"NATS_STORE_DIR": t.TempDir(), "NATS_AUTH_PASSWORD": "auth-secret",
		"NATS_OPERATOR_PASSWORD": "operator-secret", "NATS_SOCIAL_PASSWORD": "social+secret/%",
	}, "", "nats-server", "-c", config, "-a", "127.0.0.1", "-p", port, "-m", harness.FreePort(t))
	theirs := pgtest.New(t)
	auth, _ := startAuth(t, map[string]string{
		"DATABASE_URL": theirs, "NATS_URL": "nats://auth:auth-secret@127.0.0.1:" + port, "SYNC_TOKEN": syncToken,
	})
	if _, err := register(auth, "ada"); err != nil {
		t.Fatal(err)
	}
	users, err := rows(theirs, "SELECT id::text, email, username, version FROM users")
	if err != nil {
		t.Fatal(err)
	}
	for _, mine := range []string{pgtest.New(t), pgtest.New(t)} {
		social, _ := startExample(t, map[string]string{
			"AUTH_URL": auth, "SYNC_TOKEN": syncToken, "DATABASE_URL": mine, "DURABLE": "social",
			"NATS_URL": "nats://social:social%2Bsecret%2F%25@127.0.0.1:" + port,
		})
		social.awaitPrinted(t, `"message":"reading"`, 1)
		awaitCopy(t, mine, users, nil)
		social.stop(t)
	}
}
