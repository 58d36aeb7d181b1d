package routes_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// listing is a page of any list.
type listing struct {
	Users, Entries []struct{ ID string }
	NextCursor     string
}

func (p listing) ids() (ids []string) {
	for _, e := range append(p.Users, p.Entries...) {
		ids = append(ids, e.ID)
	}
	return ids
}

// Every list is read to its end in pages of any size, from a cursor of its own.
func TestPages(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	ada, root := a.register(t, "ada"), a.admin(t, "rosa")
	for i := range 23 {
		a.register(t, fmt.Sprintf("user%02d", i))
		a.send(t, "POST", "/api/v1/auth/login", "", `{"username":"ada","password":"wrong wrong"}`).want(t, 401, "invalid_credentials")
	}
	a.send(t, "PATCH", "/api/v1/users/me", ada.Token, `{"username":"countess"}`).want(t, 200, "") // another entry
	lists := []struct {
		path, token string
		descending  bool
		longest     int
	}{
		{"/users?", root.Token, false, 100},
		{"/internal/users?", syncToken, false, 1000},
		{"/users/me/audit?", ada.Token, true, 100},
		{"/audit?userId=" + ada.User.ID + "&", root.Token, true, 100},
	}
	get := func(path, token, query string) (p listing) {
		t.Helper()
		a.send(t, "GET", "/api/v1"+path+query, token, "").want(t, 200, "").into(t, &p)
		return p
	}
	cursors := map[string]string{}
	for _, l := range lists {
		first := get(l.path, l.token, "")
		if len(first.ids()) != 20 || first.NextCursor == "" {
			t.Fatalf("%s: the first page has %d entries and cursor %q", l.path, len(first.ids()), first.NextCursor)
		}
		cursors[l.path] = first.NextCursor
		for _, limit := range []int{1, 7, 24, 25, l.longest} {
			var ids []string
			for cursor, pages := "", 0; pages == 0 || cursor != "" && pages < 30; pages++ {
				p := get(l.path, l.token, fmt.Sprintf("limit=%d&cursor=%s", limit, url.QueryEscape(cursor)))
				if ids = append(ids, p.ids()...); len(p.ids()) > limit {
					t.Fatalf("%s: %d entries on a page of %d", l.path, len(p.ids()), limit)
				}
				cursor = p.NextCursor
			}
			if l.descending {
				slices.Reverse(ids)
			}
			if !slices.IsSorted(ids) || len(slices.Compact(ids)) != 25 {
				t.Errorf("%s in pages of %d has %d entries, want 25 in order", l.path, limit, len(ids))
			}
		}
		for _, limit := range []string{"0", "-1", "1.5", "x", fmt.Sprint(l.longest + 1)} {
			a.send(t, "GET", "/api/v1"+l.path+"limit="+limit, l.token, "").wantFields(t, "limit range")
		}
		a.send(t, "GET", "/api/v1"+l.path+"limit=0&cursor="+first.NextCursor[:10], l.token, "").wantFields(t, "limit range", "cursor format")
	}
	for _, l := range lists {
		forged := []string{"x", cursors[l.path] + "A", cursors[l.path][:len(cursors[l.path])-1], strings.ToUpper(cursors[l.path])}
		for path, cursor := range cursors {
			if path != l.path {
				forged = append(forged, cursor)
			}
		}
		for _, cursor := range forged {
			a.send(t, "GET", "/api/v1"+l.path+"cursor="+url.QueryEscape(cursor), l.token, "").wantFields(t, "cursor format")
		}
	}
	for q, want := range map[string]int{"USER0": 10, "%25": 0, "user_0": 0, "%00": 0, "absent": 0} {
		if p := get("/users?", root.Token, "q="+q); len(p.Users) != want {
			t.Errorf("q=%s finds %d users, want %d", q, len(p.Users), want)
		}
	}
}
