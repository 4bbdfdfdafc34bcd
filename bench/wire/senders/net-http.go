// Go's net/http: a handler that writes the same piece over and over.
package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"
)

func cpuSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

func handle(response http.ResponseWriter, request *http.Request) {
	var size, count int
	if _, err := fmt.Sscanf(request.URL.Path, "/%d/%d", &size, &count); err != nil {
		panic(err)
	}
	text := []byte("The quick brown fox jumps over the lazy dog. ")
	piece := bytes.Repeat(text, size/len(text)+1)[:size]
	before := cpuSeconds()
	for ; count > 0; count-- {
		if _, err := response.Write(piece); err != nil {
			panic(err)
		}
	}
	response.(http.Flusher).Flush()
	fmt.Printf("{\"cpuSeconds\":%f}\n", cpuSeconds()-before)
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Printf("{\"port\":%d}\n", listener.Addr().(*net.TCPAddr).Port)
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	panic(http.Serve(listener, http.HandlerFunc(handle)))
}
