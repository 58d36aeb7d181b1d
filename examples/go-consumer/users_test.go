package main

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"gofiber-auth/pkg/userevents"
	"gofiber-auth/test/pgtest"
)

const (
	ada   = "0199c1de-0000-7000-8000-000000000001"
	grace = "0199c1de-0000-7000-8000-000000000002"
)

func event(id string, version int64, action userevents.Action, email, username string) userevents.Event {
	return userevents.Event{
		UserID: id, Version: version, Action: action, Email: email, Username: username,
		Time: time.Date(2026, 11, 23, 20, 4, 5, 678901000, time.UTC),
	}
}

// onBothDatabases runs a test with new tables in an SQLite file and in a PostgreSQL.
func onBothDatabases(t *testing.T, test func(*testing.T, Users)) {
	t.Helper()
	open := func(t *testing.T, at string) Users {
		t.Helper()
		users, err := OpenUsers(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := users.Close(); err != nil {
				t.Error(err)
			}
		})
		return users
	}
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		test(t, open(t, filepath.Join(t.TempDir(), "social.db")))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		test(t, open(t, pgtest.New(t)))
	})
}

func apply(t *testing.T, users Users, events ...userevents.Event) {
	t.Helper()
	for _, e := range events {
		if err := users.Apply(t.Context(), e); err != nil {
			t.Fatalf("Apply(%s %d): %v", e.Action, e.Version, err)
		}
	}
}

func username(t *testing.T, users Users, id string) string {
	t.Helper()
	profile, err := users.Profile(t.Context(), id)
	if err != nil {
		t.Fatalf("Profile(%s): %v", id, err)
	}
	return profile.Username
}

func TestProfileOfWhoIsThereAndNot(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, users Users) {
		first := event(ada, 1, userevents.Created, "ada@example.com", "ada")
		second := event(ada, 2, userevents.Updated, "ada@example.com", "countess")
		last := event(ada, 3, userevents.Deleted, "ada@example.com", "countess")

		apply(t, users, first, second, first)
		if got := username(t, users, ada); got != "countess" {
			t.Errorf("the username is %q", got)
		}
		apply(t, users, last, second, first)
		if _, err := users.Profile(t.Context(), ada); !errors.Is(err, errDeleted) {
			t.Errorf("Profile() after an old event of a deleted user = %v, want %v", err, errDeleted)
		}
		if _, err := users.Profile(t.Context(), grace); !errors.Is(err, errUnknown) {
			t.Errorf("Profile() of nobody = %v, want %v", err, errUnknown)
		}
	})
}
