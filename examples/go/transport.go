package sealed

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"hash"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
)

// BodyError is what a body ends with that is not to be used.
type BodyError struct {
	Verdict       string // failed, truncated, malformed, mismatch or unverified
	Type, Details string // of a failure, as the sender said it
	Err           error
}

func (e *BodyError) Error() string { return strings.TrimSpace("body " + e.Verdict + " " + e.Type) }
func (e *BodyError) Unwrap() error { return e.Err }

// Transport is a RoundTripper whose bodies end with io.EOF only if they may be used, and with a *BodyError otherwise. What
// they give before is provisional.
type Transport struct {
	Base    http.RoundTripper // http.DefaultTransport if nil
	Require string            // "announced" (the default), "always" or "never"
}

// RoundTrip asks for the status, and for content that is not compressed: net/http would undo it before it can be hashed.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	for name, value := range map[string]string{
		"TE": "trailers", "X-Want-Stream-Status": "?1", "Want-Content-Digest": "sha-256=10", "Accept-Encoding": "identity",
	} {
		req.Header.Set(name, value)
	}
	if req.URL.Scheme == "http" {
		req.Header.Set("Connection", "TE") // over https it may be HTTP/2, where net/http refuses the field
	}
	base := t.Base
	if base == nil {
		base = http.DefaultTransport
	}
	resp, err := base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	code := resp.StatusCode
	if req.Method == http.MethodHead || code == 204 || code == 205 || code == 304 {
		return resp, nil
	}
	announced := members(resp.Header.Values("Trailer"))
	for name := range resp.Trailer {
		announced = append(announced, strings.ToLower(name))
	}
	require := t.Require
	if require == "always" && code/100 != 2 {
		require = "announced"
	}
	resp.Body = &checkedBody{resp.Body, resp, sha256.New(), 0, announced, require, nil}
	return resp, nil
}

type checkedBody struct {
	io.ReadCloser
	resp      *http.Response
	hash      hash.Hash
	count     int64
	announced []string
	require   string
	end       error
}

// Verdict is that of a body that has ended with io.EOF.
func Verdict(resp *http.Response) string {
	if body, ok := resp.Body.(*checkedBody); ok {
		verdict, _, _ := body.judge()
		return verdict
	}
	return "unverified" // and accepted: there is nothing to vouch for
}

func (b *checkedBody) Read(p []byte) (int, error) {
	if b.end != nil {
		return 0, b.end
	}
	n, err := b.ReadCloser.Read(p)
	b.count += int64(n)
	b.hash.Write(p[:n])
	if err == nil {
		return n, nil
	}
	b.end = b.conclude(err)
	return n, b.end
}

func (b *checkedBody) conclude(err error) error {
	if err != io.EOF && b.resp.ProtoMajor == 1 && !isCut(err) { // of HTTP/2, whatever ends a stream early cuts it
		return &BodyError{Verdict: "malformed", Err: err}
	}
	if s, ok := parseStatus(b.resp.Header.Values("X-Stream-Status")); ok && s.isError {
		return &BodyError{"failed", s.kind, s.details, err}
	}
	if err != io.EOF {
		return &BodyError{Verdict: "truncated", Err: err}
	}
	verdict, s, accepted := b.judge()
	if accepted {
		return io.EOF
	}
	return &BodyError{Verdict: verdict, Type: s.kind, Details: s.details}
}

// isCut tells input that ended early from input that breaks the grammar. Of a trailer section that is cut net/http says that
// it is suspiciously long.
func isCut(err error) bool {
	var netErr net.Error
	text := err.Error()
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, context.Canceled) || errors.As(err, &netErr) ||
		strings.Contains(text, "unexpected EOF") || strings.Contains(text, "suspiciously long trailer")
}

// judge is x-stream-status 5.2, rows 5 to 12, and 5.3.
func (b *checkedBody) judge() (verdict string, s status, accepted bool) {
	lines := b.resp.Trailer.Values("X-Stream-Status")
	s, ok := parseStatus(lines)
	if ok && s.isError {
		return "failed", s, false
	}
	if ok && s.bytes >= 0 && s.bytes != b.count {
		return "mismatch", s, false
	}
	digest, known := sha256Of(b.resp.Trailer.Values("Content-Digest"))
	agrees := digest != nil && bytes.Equal(digest, b.hash.Sum(nil))
	if digest != nil && !agrees {
		return "mismatch", s, false
	}
	if ok && (agrees || !known && !contains(b.announced, "content-digest")) {
		return "complete", s, true
	}
	isAnnounced := contains(b.announced, "x-stream-status") || len(b.resp.Header.Values("X-Stream-Status")) > 0
	isUnreadable := len(lines) > 0 && !ok
	switch b.require {
	case "always":
		return "unverified", s, false
	case "never":
		return "unverified", s, true
	}
	return "unverified", s, !isAnnounced && !isUnreadable
}

var digestMember = regexp.MustCompile(`^[ \t]*(` + key + `)=:([A-Za-z0-9+/]*)={0,2}:` + parameters + `[ \t]*(?:,|$)`)

// sha256Of is the SHA-256 of a Content-Digest, nil if there is none to compare; known, whether one came in an algorithm that
// is known, this one or another. A field that cannot be read is ignored as a whole.
func sha256Of(lines []string) (digest []byte, known bool) {
	rest := strings.Join(lines, ", ")
	for rest != "" {
		match := digestMember.FindStringSubmatch(rest)
		if match == nil || strings.HasSuffix(strings.TrimRight(rest, " \t"), ",") {
			return nil, false
		}
		octets, err := base64.RawStdEncoding.DecodeString(match[2])
		if err != nil {
			return nil, false
		}
		if match[1] == "sha-256" {
			digest = octets
		}
		known = known || match[1] == "sha-256" || match[1] == "sha-512"
		rest = rest[len(match[0]):]
	}
	return digest, known
}
