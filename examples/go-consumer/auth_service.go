package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// What can be wrong with a token, or with asking about it.
var (
	errRefused = errors.New("the token is not accepted")
	errAway    = errors.New("the auth service does not answer")
)

// User is what the auth service says of a user, as far as this service cares.
type User struct {
	ID       string `json:"id"`
	Email    string `json:"email"`
	Username string `json:"username"`
	Role     string `json:"role"`
}

// AuthService asks the auth service itself.
type AuthService struct {
	URL    string // such as http://localhost:8088
	Client *http.Client
}

// Me returns who bears a token now. It returns errRefused where the session has ended, or the
// user is disabled or deleted, and errAway where trying again later makes sense. The request
// id, if any, joins the log lines of both services.
func (a AuthService) Me(ctx context.Context, token, requestID string) (User, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.URL+"/api/v1/users/me", nil)
	if err != nil {
		return User{}, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	if requestID != "" {
		request.Header.Set("X-Request-ID", requestID)
	}
	response, err := a.Client.Do(request)
	if err != nil {
		return User{}, fmt.Errorf("%w: %w", errAway, err)
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
		var user User
		err := json.NewDecoder(response.Body).Decode(&user)
		return user, err
	case http.StatusUnauthorized:
		return User{}, errRefused
	default:
		return User{}, fmt.Errorf("%w as it should: %s, request id %s", errAway, response.Status, response.Header.Get("X-Request-ID"))
	}
}
