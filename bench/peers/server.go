// What Go's net/http sends, flushed as it is written: run by bench/peers/servers.ts.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
)

func main() {
	content, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	http.HandleFunc("/short", func(w http.ResponseWriter, r *http.Request) {
		w.Write(content[:100])
		w.(http.Flusher).Flush() // else it would send a Content-Length
	})
	http.HandleFunc("/blocks", func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i < 16; i++ {
			w.Write(content)
		}
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr())
	panic(http.Serve(listener, nil))
}
