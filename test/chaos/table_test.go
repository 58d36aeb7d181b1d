package chaos

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// get makes a request that has to be answered with 200, and decodes the answer into out.
func (w *world) get(url, token string, out any) error {
	ctx, cancel := context.WithTimeout(context.Background(), requestTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s = %d", url, res.StatusCode)
	}
	if out == nil {
		return nil
	}
	return json.NewDecoder(res.Body).Decode(out)
}

// table reads all users page by page, as an admin and as another service, and returns the
// rows; both must say the same.
func (w *world) table() ([]Row, error) {
	base := w.targets()[0]
	seen := map[string]Row{}
	for cursor := ""; ; {
		var page struct {
			Users      []struct{ ID, Email, Username string }
			NextCursor string
		}
		if err := w.get(base+"/api/v1/users?limit=100&cursor="+cursor, w.admin, &page); err != nil {
			return nil, err
		}
		for _, u := range page.Users {
			seen[u.ID] = Row{ID: u.ID, Email: u.Email, Username: u.Username}
		}
		if cursor = page.NextCursor; cursor == "" {
			break
		}
	}
	var rows []Row
	for cursor := ""; ; {
		var page struct {
			Users      []Row
			NextCursor string
		}
		if err := w.get(base+"/api/v1/internal/users?limit=1000&cursor="+cursor, syncToken, &page); err != nil {
			return nil, err
		}
		rows = append(rows, page.Users...)
		if cursor = page.NextCursor; cursor == "" {
			break
		}
	}
	for _, row := range rows {
		if want := (Row{row.ID, seen[row.ID].Email, seen[row.ID].Username, row.Version}); row != want {
			return nil, fmt.Errorf("GET /internal/users has %+v, GET /users %+v", row, want)
		}
	}
	if len(rows) != len(seen) {
		return nil, fmt.Errorf("GET /internal/users has %d users, GET /users %d", len(rows), len(seen))
	}
	return rows, nil
}

// metric returns a metric of an instance: its name, with its labels.
func (w *world) metric(i *instance, name string) (float64, error) {
	ctx, cancel := context.WithTimeout(context.Background(), requestTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, i.base+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		if value, found := strings.CutPrefix(lines.Text(), name+" "); found {
			return strconv.ParseFloat(value, 64)
		}
	}
	return 0, errors.Join(fmt.Errorf("no metric %s", name), lines.Err())
}

// evidence gathers everything while nothing changes.
func (w *world) evidence() (Evidence, error) {
	pending, err := w.metric(w.up(), "outbox_pending")
	if err == nil && pending > 0 {
		err = fmt.Errorf("%v events wait", pending)
	}
	if err != nil {
		return Evidence{}, err
	}
	messages, err := w.witness.stream()
	if err != nil {
		return Evidence{}, err
	}
	rows, err := w.table()
	if err != nil {
		return Evidence{}, err
	}
	e := Evidence{Requests: w.load.all(), Stream: messages, Table: rows, Removals: w.removals}
	e.Copy, e.Jumps = w.witness.held()
	return e, nil
}
