package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"golang.org/x/term"

	"gofiber-auth/domain"
	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/models"
	"gofiber-auth/pkg/config"
	"gofiber-auth/pkg/di"
	"gofiber-auth/pkg/metrics"
)

// longestPassword is more than any password may have, in bytes.
const longestPassword = 4096

func (t *tool) user(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("user needs create, password, verify, promote, demote, disable or enable: %w", errMisuse)
	}
	active, inactive := dto.Some(true), dto.Some(false)
	admin, user := dto.Some(string(models.RoleAdmin)), dto.Some(string(models.RoleUser))
	switch name := args[0]; name {
	case "create":
		return t.createUser(ctx, args[1:])
	case "password", "verify":
		return t.operate(ctx, name, args[1:])
	case "promote":
		return t.changeUser(ctx, name, args[1:], dto.AdminUpdateUserRequest{Role: admin})
	case "demote":
		return t.changeUser(ctx, name, args[1:], dto.AdminUpdateUserRequest{Role: user})
	case "disable":
		return t.changeUser(ctx, name, args[1:], dto.AdminUpdateUserRequest{IsActive: inactive})
	case "enable":
		return t.changeUser(ctx, name, args[1:], dto.AdminUpdateUserRequest{IsActive: active})
	default:
		return fmt.Errorf("there is no command user %q: %w", name, errMisuse)
	}
}

func (t *tool) createUser(ctx context.Context, args []string) error {
	flags := newFlags("user create")
	email := flags.String("email", "", "")
	username := flags.String("username", "", "")
	isAdmin := flags.Bool("admin", false, "")
	rest, err := parse(flags, args)
	if err != nil {
		return err
	}
	if *email == "" || *username == "" || len(rest) > 0 {
		return fmt.Errorf("user create needs --email and --username and nothing else: %w", errMisuse)
	}
	password, err := t.readPassword()
	if err != nil {
		return err
	}
	in := dto.CreateUserRequest{Email: *email, Username: *username, Password: &password}
	if *isAdmin {
		role := string(models.RoleAdmin)
		in.Role = &role
	}
	return t.withCore(ctx, func(core *di.Core, _ config.Config) error {
		created, err := core.Administration.Create(ctx, in)
		if err != nil {
			return err
		}
		return t.print(dto.NewUser(created), created.ID)
	})
}

func (t *tool) changeUser(ctx context.Context, name string, args []string, change dto.AdminUpdateUserRequest) error {
	rest, err := parse(newFlags("user "+name), args)
	if err != nil {
		return err
	}
	if len(rest) != 1 {
		return fmt.Errorf("user %s needs one e-mail address or id: %w", name, errMisuse)
	}
	return t.withCore(ctx, func(core *di.Core, _ config.Config) error {
		return t.onUser(ctx, core, rest[0], func(id string) error {
			changed, err := core.Administration.UpdateUser(ctx, models.Principal{}, id, change)
			if err != nil {
				return err
			}
			return t.print(dto.NewUser(changed), changed.ID)
		})
	})
}

// onUser runs a command on the id of a user who is given by e-mail address or id.
func (t *tool) onUser(ctx context.Context, core *di.Core, given string, command func(id string) error) error {
	find := core.Users.ByID
	if strings.Contains(given, "@") {
		find = core.Users.ByEmail
	}
	found, err := find(ctx, given)
	if errors.Is(err, domain.ErrNotFound) {
		return fmt.Errorf("there is no user %q", given)
	}
	if err != nil {
		return err
	}
	return command(found.ID)
}

// operate runs user password and user verify.
func (t *tool) operate(ctx context.Context, name string, args []string) error {
	rest, err := parse(newFlags("user "+name), args)
	if err != nil {
		return err
	}
	if len(rest) != 1 {
		return fmt.Errorf("user %s needs one e-mail address or id: %w", name, errMisuse)
	}
	var password string
	if name == "password" {
		if password, err = t.readPassword(); err != nil {
			return err
		}
	}
	return t.withCore(ctx, func(core *di.Core, cfg config.Config) error {
		return t.onUser(ctx, core, rest[0], func(id string) error {
			operation := core.Operation(cfg)
			change := operation.VerifyEmail
			if name == "password" {
				change = func(ctx context.Context, id string) (models.User, error) {
					return operation.SetPassword(ctx, id, password)
				}
			}
			user, err := change(ctx, id)
			if err != nil {
				return err
			}
			return t.print(dto.NewUser(user), user.ID)
		})
	})
}

// withCore runs a command on the use cases, which the embedded database and PostgreSQL share
// with a running service.
func (t *tool) withCore(ctx context.Context, command func(*di.Core, config.Config) error) error {
	cfg, err := config.Load(t.getenv)
	if err != nil {
		return err
	}
	committed := false
	core, err := di.NewCore(ctx, cfg, t.log(), metrics.New(version), func() { committed = true })
	if err != nil {
		return err
	}
	err = command(core, cfg)
	if committed { // a service that does not hear it finds the event by itself a little later
		_ = core.Announce(ctx)
	}
	return errors.Join(err, core.Close())
}

// readPassword reads a line from standard input: with a prompt and without an echo on a
// terminal.
func (t *tool) readPassword() (string, error) {
	if fd := int(t.in.Fd()); term.IsTerminal(fd) {
		fmt.Fprint(t.errs, "Password: ")
		typed, err := term.ReadPassword(fd)
		fmt.Fprintln(t.errs)
		if err != nil {
			return "", fmt.Errorf("read the password: %w", err)
		}
		return string(typed), nil
	}
	line, err := bufio.NewReader(io.LimitReader(t.in, longestPassword)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the password: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}

// newFlags returns the flags of a command, none yet.
func newFlags(name string) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(io.Discard) // the error says it
	return flags
}

// parse reads flags wherever they stand among the arguments and returns what is not a flag.
func parse(flags *flag.FlagSet, args []string) (rest []string, err error) {
	for len(args) > 0 {
		if err := flags.Parse(args); err != nil {
			return nil, fmt.Errorf("%s: %w: %w", flags.Name(), err, errMisuse)
		}
		if args = flags.Args(); len(args) > 0 {
			rest, args = append(rest, args[0]), args[1:]
		}
	}
	return rest, nil
}
