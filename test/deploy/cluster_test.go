package deploy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gofiber-auth/pkg/userevents"
	"gofiber-auth/test/harness"
)

// electionPatience covers the election of new leaders, which takes up to 9 s, and what was
// sent to the old ones in vain.
const electionPatience = 60 * time.Second

// The node that leads the stream is killed under load and comes back. Nobody notices.
func TestClusterLosesANode(t *testing.T) {
	t.Parallel()
	nodes, urls := startCluster(t)
	operator := connect(t, urls("operator"), "operator")
	s := startService(t, urls("auth"), "NATS_REPLICAS=3")
	s.awaitEvents(t, "ok")
	events, _ := follow(t, urls("social"), "social")
	l := startLoad(t, s)
	l.await(t, 200)

	leader := nodes[awaitCopies(t, operator)]
	leader.Kill(t)
	killed := time.Now()
	witness := s.mustRegister(t, "witness")
	l.expect(witness.User.ID, "created", "witness")
	harness.Within(t, electionPatience, "events flow through the two nodes that are left", func() error {
		for len(events) > 0 {
			if e := <-events; e.UserID == witness.User.ID {
				return nil
			}
		}
		return harness.ErrNotYet
	})
	t.Logf("events flow again %s after the kill", time.Since(killed).Round(time.Millisecond))

	leader.start(t)
	leader.awaitHealth(t)
	awaitCopies(t, operator)
	changes := l.stop()

	harness.Within(t, electionPatience, "the outbox is empty", func() error {
		return s.MetricIs(t, "outbox_pending", "0")
	})
	stream, err := readStream(t.Context(), operator.js)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(changes, changesIn(stream)); diff != "" {
		t.Errorf("what was acknowledged and what is in the stream (-want +got):\n%s", diff)
	}
	t.Logf("%d events of %d users, none lost, doubled or out of order", len(stream), len(changes))
}

// startCluster starts three nodes with the shipped file. It returns them by name, and where
// clients find them.
func startCluster(t *testing.T) (nodes map[string]*bus, urls func(user string) string) {
	t.Helper()
	names := []string{"nats-1", "nats-2", "nats-3"}
	var listen, routes []string
	for range names {
		addr := "127.0.0.1:" + harness.FreePort(t)
		listen = append(listen, addr)
		routes = append(routes, fmt.Sprintf("%q", "nats://route:route-secret@"+addr))
	}
	nodes = make(map[string]*bus)
	for i, name := range names {
		nodes[name] = newBus(t, shipped+"/cluster.conf", map[string]string{
			"NATS_SERVER_NAME": name, "NATS_CLUSTER_LISTEN": listen[i], "NATS_ROUTES": "[" + strings.Join(routes, ", ") + "]",
			"NATS_ROUTE_PASSWORD": "route-secret", "NATS_SYSTEM_PASSWORD": "system-secret",
		})
		nodes[name].start(t)
	}
	for _, node := range nodes {
		node.awaitHealth(t)
	}
	return nodes, func(user string) string {
		var all []string
		for _, name := range names {
			all = append(all, nodes[name].url(user))
		}
		return strings.Join(all, ",")
	}
}

// awaitCopies waits until three nodes have all of the stream, and returns the one that leads.
func awaitCopies(t *testing.T, operator *client) (leader string) {
	t.Helper()
	harness.Within(t, electionPatience, "three nodes have all of the stream", func() error {
		stream, err := operator.js.Stream(t.Context(), streamName)
		if err != nil {
			return err
		}
		cluster := stream.CachedInfo().Cluster
		if leader = cluster.Leader; leader == "" || len(cluster.Replicas) != 2 {
			return fmt.Errorf("leader %q and %d more", leader, len(cluster.Replicas))
		}
		for _, follower := range cluster.Replicas {
			if !follower.Current || follower.Offline {
				return fmt.Errorf("%s is %d behind", follower.Name, follower.Lag)
			}
		}
		return nil
	})
	return leader
}

// changesIn returns the changes of each user in the order of the stream.
func changesIn(stream []userevents.Event) map[string][]change {
	all := make(map[string][]change)
	for _, e := range stream {
		all[e.UserID] = append(all[e.UserID], change{e.Version, string(e.Action), e.Username})
	}
	return all
}
