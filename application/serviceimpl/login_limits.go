package serviceimpl

import (
	"context"
	"errors"
	"strings"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/services"
)

// How often a password may be guessed. After the burst one more goes through every 90 s, so that
// nobody is locked out for good by somebody else's guesses.
var (
	loginLimit = services.Limit{Name: "login", Burst: 10, Per: 15 * time.Minute}
	// Of the network where the user is logged in, for the user and that network alone: strangers
	// who keep loginLimit used up do not keep the owner out. It has the name of loginLimit, since
	// another one would tell that the user is logged in there; its keys differ.
	homeLimit = services.Limit{Name: "login", Burst: 10, Per: 15 * time.Minute}
	// With a session, for what needs the current password.
	proofLimit = services.Limit{Name: "proof", Burst: 10, Per: 15 * time.Minute}
)

// homes is of how many sessions of a user the networks are looked at.
const homes = 100

// unknownUser stands where there is no user, so that as much is asked of the database.
const unknownUser = "00000000-0000-0000-0000-000000000000"

// guess is one log-in as far as it is limited. It is counted before the password is looked at,
// so that of many at once no more are looked at than may be, and given back when it was right.
type guess struct {
	accounts *Accounts
	limit    services.Limit // its zero value: not counted yet
	key      string
}

// begin counts the log-in, once, for the account that it names: known or, where that is empty,
// nobody's. It returns domain.ErrRateLimited if there were too many. What it does is the same for
// both.
func (g *guess) begin(ctx context.Context, in dto.LoginRequest, known models.User, from models.Client) error {
	if g.limit.Name != "" {
		return nil
	}
	limit, key, err := g.accounts.bucket(ctx, in, known, from)
	if err != nil {
		return err
	}
	if err := limit.Exceeded(g.accounts.Limiter.Take(ctx, limit, key)); err != nil {
		return err
	}
	g.limit, g.key = limit, key
	return nil
}

// end forgets all guesses when one was right.
func (g *guess) end(ctx context.Context, err error) {
	if err == nil || errors.Is(err, domain.ErrAccountDisabled) {
		g.accounts.Limiter.Forget(ctx, g.limit, g.key)
	}
}

// bucket returns what a log-in counts for. An account has one, however it is named.
func (a *Accounts) bucket(ctx context.Context, in dto.LoginRequest, known models.User, from models.Client) (services.Limit, string, error) {
	id := known.ID
	if id == "" {
		id = unknownUser
	}
	addresses, err := a.Addresses.AddressesOf(ctx, id, a.Now(), homes)
	if err != nil {
		return services.Limit{}, "", err
	}
	network := from.Network()
	for _, address := range addresses {
		if network != "" && (models.Client{IP: address}).Network() == network {
			return homeLimit, known.ID + "\x00" + network, nil
		}
	}
	switch {
	case known.ID != "":
		return loginLimit, known.ID, nil
	case in.Email != "":
		return loginLimit, "email:" + models.NormalizeEmail(in.Email), nil
	default:
		return loginLimit, "username:" + strings.ToLower(in.Username), nil
	}
}
