// receive URL: writes the content to standard output and the verdict to standard error, and exits with 0 if the body may be
// used. The variables METHOD, REQUIRE and IDLE_TIMEOUT say what to ask for.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
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
		patience = time.Minute
	}
	ctx, cancel := context.WithCancel(context.Background())
	idle := time.AfterFunc(patience, cancel)
	req, err := http.NewRequestWithContext(ctx, os.Getenv("METHOD"), os.Args[1], nil)
	if err != nil {
		log.Fatal(err)
	}
	resp, err := client.Do(req)
	if err == nil {
		_, err = io.Copy(os.Stdout, reading{resp.Body, func() { idle.Reset(patience) }})
	}
	var bodyErr *sealed.BodyError
	switch {
	case errors.As(err, &bodyErr):
		fmt.Fprintln(os.Stderr, bodyErr.Verdict, bodyErr.Type)
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
	default:
		fmt.Fprintln(os.Stderr, sealed.Verdict(resp))
		return
	}
	os.Exit(1)
}

// reading says when it is asked for more.
type reading struct {
	io.Reader
	onRead func()
}

func (r reading) Read(p []byte) (int, error) {
	r.onRead()
	return r.Reader.Read(p)
}
