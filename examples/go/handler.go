package sealed

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"io"
	"log"
	"net"
	"net/http"
	"regexp"
	"runtime/debug"
	"strings"
	"time"
)

// Failure is an error that tells the client something. Of every other error it learns the type "source_error" alone.
type Failure struct{ Type, Details string }

func (f *Failure) Error() string { return f.Type + ": " + f.Details }

// Handler seals what a function writes. If it returns an error or panics, that is logged, and the response fails as the
// request has earned.
type Handler func(w http.ResponseWriter, r *http.Request) error

func (h Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s := &sealing{ResponseWriter: w, request: r, hash: sha256.New()}
	if err := h.call(s, r); err != nil {
		log.Printf("%s %q: %v", r.Method, r.URL.Path, err)
		s.fail(err)
	} else {
		s.finish("ok", "")
	}
}

func (h Handler) call(w http.ResponseWriter, r *http.Request) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
		}
	}()
	return h(w, r)
}

type sealing struct {
	http.ResponseWriter
	request           *http.Request
	hash              hash.Hash
	count             int64
	headIsOut         bool
	hasContent, isOld bool
	keepsTrailers     bool
	wish              bool
}

func (s *sealing) WriteHeader(code int) {
	if s.headIsOut {
		return
	}
	s.headIsOut = true
	head := s.Header()
	for _, name := range []string{"X-Stream-Status", "Trailer", "Content-Length", "Connection"} {
		head.Del(name) // these are ours
	}
	s.isOld = !s.request.ProtoAtLeast(1, 1)
	s.hasContent = s.request.Method != http.MethodHead && code != 204 && code != 205 && code != 304
	s.wish = wishItem.MatchString(strings.Join(s.request.Header.Values("X-Want-Stream-Status"), ", "))
	s.keepsTrailers = s.hasContent && !s.isOld && contains(members(s.request.Header.Values("TE")), "trailers")
	if s.keepsTrailers {
		head.Set("Trailer", "X-Stream-Status, Content-Digest")
		if s.wish {
			head.Add("Vary", "X-Want-Stream-Status")
		}
	}
	s.ResponseWriter.WriteHeader(code)
}

func (s *sealing) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	s.WriteHeader(http.StatusOK)
	n, err := s.ResponseWriter.Write(p)
	s.count += int64(n)
	s.hash.Write(p[:n])
	s.Flush()
	return n, err
}

func (s *sealing) Flush() { s.ResponseWriter.(http.Flusher).Flush() }

// finish ends the framing well; net/http writes the last chunk when the handler returns.
func (s *sealing) finish(state, reason string) {
	s.WriteHeader(http.StatusOK)
	if s.hasContent && !s.isOld {
		s.Flush() // or net/http would send a Content-Length
	}
	if s.keepsTrailers {
		s.Header().Set("X-Stream-Status", fmt.Sprintf("%s;bytes=%d%s", state, s.count, reason))
		s.Header().Set("Content-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(s.hash.Sum(nil))+":")
	}
}

func (s *sealing) fail(err error) {
	if !s.headIsOut {
		http.Error(s.ResponseWriter, "Internal Server Error", http.StatusInternalServerError)
		return
	}
	if !s.hasContent {
		return
	}
	reason := reasonOf(err)
	if s.keepsTrailers && s.wish {
		s.finish("error", reason)
		return
	}
	s.Flush()
	hijacker, ok := s.ResponseWriter.(http.Hijacker)
	if !ok {
		panic(http.ErrAbortHandler) // HTTP/2: a stream error
	}
	conn, _, err := hijacker.Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer conn.Close()
	if s.isOld {
		time.Sleep(time.Second) // some clients take data and a reset right after it for an end
		if over, ok := conn.(*tls.Conn); ok {
			conn = over.NetConn() // no close_notify either
		}
		if tcp, ok := conn.(*net.TCPConn); ok {
			tcp.SetLinger(0) // RST: FIN would say success
		}
		conn.Close()
		return
	}
	if s.wish {
		fmt.Fprintf(conn, "1;x-stream-status=%s\r\n", quote("error"+reason))
	}
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
	conn.SetDeadline(time.Now().Add(5 * time.Second))
	io.Copy(io.Discard, conn) // lest what the client still sends makes a reset of the close
}

var notPrintable = regexp.MustCompile(`[^ -~]`)

func reasonOf(err error) string {
	var failure *Failure
	if !errors.As(err, &failure) {
		return ";type=source_error"
	}
	kind := failure.Type
	if len(kind) > 64 || !typeToken.MatchString(kind) {
		kind = "internal_error"
	}
	details := notPrintable.ReplaceAllString(failure.Details, "?")
	if len(details) > 256 {
		details = details[:256]
	}
	return ";type=" + kind + ";details=" + quote(details)
}

func quote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}
