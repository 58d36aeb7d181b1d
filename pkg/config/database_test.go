package config

import (
	"strings"
	"testing"

	"gofiber-auth/test/pgtest"
)

func TestOpenPostgres(t *testing.T) {
	t.Parallel()
	db, err := OpenPostgres(Database{URL: Secret(pgtest.New(t)), MaxOpenConns: 3})
	if err != nil {
		t.Fatal(err)
	}
	pool, err := db.DB()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pool.Close(); err != nil {
			t.Error(err)
		}
	})
	if n := pool.Stats().OpenConnections; n != 0 {
		t.Errorf("%d connections before the first query", n)
	}
	if n := pool.Stats().MaxOpenConnections; n != 3 {
		t.Errorf("at most %d connections, want 3", n)
	}
	var jit string
	if err := db.Raw("SHOW jit").Scan(&jit).Error; err != nil || jit != "off" {
		t.Errorf("jit = %q, %v; want off", jit, err)
	}
}

func TestOpenPostgresDoesNotRepeatTheURL(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"postgres://ada:hunter2@127.0.0.1:99999/x", "postgres://ada:hunter2@127.0.0.1/x?sslmode=hunter2",
		"postgres://ada:hunt%er2@127.0.0.1/x", "hunter2", "postgres://ada:hunter2@127.0.0.1/x?sslrootcert=/hunter2",
	} {
		if _, err := OpenPostgres(Database{URL: Secret(url)}); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("OpenPostgres() = %v", err)
		}
	}
}

func TestPoolsAreSizedForTheMachineUnlessSet(t *testing.T) {
	t.Parallel()
	if open, idle := (Database{}).connections(); open < 16 || idle != open {
		t.Errorf("by itself %d and %d idle", open, idle)
	}
	if open, idle := (Database{MaxOpenConns: 7, MaxIdleConns: 2}).connections(); open != 7 || idle != 2 {
		t.Errorf("as set %d and %d idle, want 7 and 2", open, idle)
	}
}
