package chaos

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"gofiber-auth/test/harness"
)

// scale is how many times longer than in "make test" the suite runs: "make chaos" sets it.
var scale = flag.Int("scale", 1, "run so many rounds of each fault for one, under more load")

func TestMain(m *testing.M) {
	flag.Parse()
	// The tests wait most of the time: for servers to start, for leases and time-outs to end.
	// With more load they do not.
	parallel := "6"
	if *scale > 1 {
		parallel = "3"
	}
	if err := flag.Set("test.parallel", parallel); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	fmt.Print(heading)
	os.Exit(harness.Main(m, "gofiber-auth/cmd/...", harness.NatsServer))
}
