// orders [ADDRESS]: a server with the paths that spec-notes/conformance/README.md asks for.
package main

import (
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strings"

	"example.com/sealed"
)

var failures = map[string]error{
	"/ok":      nil,
	"/status":  nil,
	"/fail":    &sealed.Failure{Type: "source_error", Details: `row 3: "total" is missing`},
	"/type":    &sealed.Failure{Type: "no token!"},
	"/details": &sealed.Failure{Type: "source_error", Details: "\"\\\r\n\x00é" + strings.Repeat("x", 300)},
}

func orders(w http.ResponseWriter, r *http.Request) error {
	switch r.URL.Path {
	case "/empty":
		return nil
	case "/early":
		return failures["/fail"]
	case "/204":
		w.WriteHeader(204)
		return nil
	case "/205":
		w.WriteHeader(205)
		return nil
	case "/304":
		w.WriteHeader(304)
		return nil
	}
	failure, isThere := failures[r.URL.Path]
	if !isThere {
		w.WriteHeader(404)
		return nil
	}
	w.Header().Set("Content-Type", "text/csv")
	if r.URL.Path == "/status" {
		w.Header().Set("X-Stream-Status", "ok")
	}
	fmt.Fprint(w, "id,total\n")
	fmt.Fprint(w, "1,20\n2,35\n")
	if failure == nil {
		fmt.Fprint(w, "3,50\n")
	}
	return failure
}

func main() {
	address := "127.0.0.1:8080"
	if len(os.Args) > 1 {
		address = os.Args[1]
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", listener.Addr().(*net.TCPAddr).Port)
	log.Fatal(http.Serve(listener, sealed.Handler(orders)))
}
