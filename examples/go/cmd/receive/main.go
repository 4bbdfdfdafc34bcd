// receive URL: writes the content to standard output and the verdict to standard error, and exits with 0 if the body may be
// used. The variables METHOD, REQUIRE and IDLE_TIMEOUT say what to ask for.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"example.com/sealed"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: receive URL")
		os.Exit(2)
	}
	client := &http.Client{
		Transport:     &sealed.Transport{Require: os.Getenv("REQUIRE")},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	patience, err := time.ParseDuration(os.Getenv("IDLE_TIMEOUT") + "s")
	if err != nil {
		patience = time.Hour
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, os.Getenv("METHOD"), os.Args[1], nil)
	if err != nil {
		panic(err)
	}
	resp, err := client.Do(req)
	if err == nil {
		_, err = io.Copy(os.Stdout, resp.Body)
	}
	var bodyErr *sealed.BodyError
	switch {
	case errors.As(err, &bodyErr):
		fmt.Fprintln(os.Stderr, bodyErr.Verdict, bodyErr.Type)
	case err != nil:
		fmt.Fprintln(os.Stderr, "No response:", err)
	default:
		fmt.Fprintln(os.Stderr, sealed.Verdict(resp))
		return
	}
	os.Exit(1)
}
