package handlers_test

import (
	"testing"

	"gofiber-auth/interfaces/api/handlers"
)

func TestCursorsAreSharedByThoseWhoShareTheSecret(t *testing.T) {
	t.Parallel()
	cursor := handlers.NewCursors([]byte("a secret"), "users").Seal("an id")
	if id, fault := handlers.NewCursors([]byte("a secret"), "users").Open(cursor); fault != nil || id != "an id" {
		t.Errorf("Open() = %q, %v", id, fault)
	}
	if id, fault := handlers.NewCursors([]byte("another"), "users").Open(cursor); fault == nil {
		t.Errorf("another secret opens it: %q", id)
	}
	if id, fault := handlers.NewCursors([]byte("a secret"), "snapshot").Open(cursor); fault == nil {
		t.Errorf("another list opens it: %q", id)
	}
}

// FuzzCursor makes sure that nothing but a cursor that was sealed here is opened.
func FuzzCursor(f *testing.F) {
	cursors := handlers.NewCursors([]byte("a secret"), "users")
	sealed := cursors.Seal("an id")
	for _, seed := range []string{"", "A", sealed[:len(sealed)-1], sealed + "A", "%00", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, cursor string) {
		id, fault := cursors.Open(cursor)
		if fault == nil && cursor != "" && cursor != sealed {
			t.Errorf("opened %q as %q", cursor, id)
		}
	})
}
