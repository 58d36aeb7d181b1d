package chaos

import (
	"sync/atomic"
	"syscall"

	"gofiber-auth/test/harness"
)

// instance is one process of the service and the ones before it.
type instance struct {
	world   *world
	env     map[string]string
	base    string
	process *harness.Process
	up      atomic.Bool
}

// start starts the instance and returns when it is ready.
func (i *instance) start() {
	i.world.Helper()
	i.process = harness.Run(i.world, i.env, "", "api")
	harness.Eventually(i.world, "the service is ready", func() error {
		select {
		case <-i.process.Exited:
			i.world.Fatalf("the service ended: %s", i.process.Output())
		default:
		}
		return i.world.get(i.base+"/health/ready", "", nil)
	})
	i.up.Store(true)
}

func (i *instance) kill() {
	i.world.Helper()
	i.process.Kill(i.world)
	i.up.Store(false)
}

// pause stops the instance in whatever it does, until goOn.
func (i *instance) pause() {
	i.world.Helper()
	i.up.Store(false)
	if err := i.process.Cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		i.world.Fatal(err)
	}
}

func (i *instance) goOn() {
	i.world.Helper()
	if err := i.process.Cmd.Process.Signal(syscall.SIGCONT); err != nil {
		i.world.Fatal(err)
	}
	i.up.Store(true)
}
