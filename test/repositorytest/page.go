package repositorytest

import (
	"context"
	"fmt"
	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"strings"
	"testing"
)

var pageTests = map[string]func(t *testing.T, s store){
	"pages are complete and in the order of ids": func(t *testing.T, s store) {
		var want []string
		for i := range 7 {
			u := account(fmt.Sprintf("user%d", i))
			s.create(t, u)
			want = append(want, u.ID)
		}
		for _, limit := range []int{1, 3, 7, 100} {
			wantSame(t, walk(t, s, "", limit, nil), want)
		}
	},
	"who stays is seen once, whoever comes and goes meanwhile": func(t *testing.T, s store) {
		var stay []string
		for i := range 6 {
			u := account(fmt.Sprintf("stay%d", i))
			s.create(t, u, account(fmt.Sprintf("go%d", i)))
			stay = append(stay, u.ID)
		}
		pages := 0
		got := walk(t, s, "", 2, func(last models.User) {
			pages++
			s.create(t, account(fmt.Sprintf("new%d", pages)))
			if strings.HasPrefix(last.Username, "go") { // the row that the cursor stands on
				s.Do(t, func(ctx context.Context, r repositories.Set) error { return r.Users.Delete(ctx, last.ID) })
			}
			if pages > 20 {
				t.Fatal("the walk does not end")
			}
		})
		seen := map[string]int{}
		for _, id := range got {
			seen[id]++
		}
		for _, id := range stay {
			if seen[id] != 1 {
				t.Errorf("user %s was seen %d times", id, seen[id])
			}
		}
	},
	"a prefix is that of e-mail or username, in any case": func(t *testing.T, s store) {
		ada, grace := account("Ada"), account("Grace")
		grace.Email = "adm.hopper@example.com"
		s.create(t, ada, grace)
		for prefix, want := range map[string][]string{
			"":           {ada.ID, grace.ID},
			"a":          {ada.ID, grace.ID},
			"AD":         {ada.ID, grace.ID},
			"aDa@":       {ada.ID},
			"adm.":       {grace.ID},
			"gRACE":      {grace.ID},
			"race":       nil,
			"ada@xample": nil,
			"graceful":   nil,
		} {
			wantIDs(t, s, prefix, want...)
		}
	},
	"a prefix has no wildcards": func(t *testing.T, s store) {
		names := []string{`a_b`, `a%b`, `a\b`, `a.b`, `a'b`}
		byName := map[string]string{}
		for i, name := range names {
			u := account(name)
			u.Email = fmt.Sprintf("%d@example.com", i)
			s.create(t, u)
			byName[name] = u.ID
		}
		for _, name := range names {
			wantIDs(t, s, name[:2], byName[name])
			wantIDs(t, s, name, byName[name])
		}
		for _, nobody := range []string{"%", "_", `\`, "__", "%b", `a\%`, `a\\`, `a%b%`} {
			wantIDs(t, s, nobody)
		}
	},
	"a page begins after an id and nothing else": func(t *testing.T, s store) {
		for _, after := range noIDs[1:] {
			wantError(t, "Page()", errOf(s.Users.Page(t.Context(), repositories.UserQuery{After: after, Limit: 1})), domain.ErrNotFound)
		}
	},
}

// walk returns the ids of all pages; between is called between two with the last user seen.
func walk(t *testing.T, s store, prefix string, limit int, between func(last models.User)) []string {
	t.Helper()
	var (
		ids   []string
		after string
	)
	for {
		users, err := s.Users.Page(t.Context(), repositories.UserQuery{After: after, Prefix: prefix, Limit: limit})
		noError(t, "Page()", err)
		for _, u := range users {
			ids, after = append(ids, u.ID), u.ID
		}
		if len(users) < limit {
			return ids
		}
		if between != nil {
			between(users[len(users)-1])
		}
	}
}

func wantIDs(t *testing.T, s store, prefix string, want ...string) {
	t.Helper()
	if got := walk(t, s, prefix, 100, nil); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("prefix %.20q finds %v, want %v", prefix, got, want)
	}
}
