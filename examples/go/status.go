// Package sealed checks and writes the end of HTTP responses (X-Stream-Status). Standard library only.
//
// Transport is a recipient, level: checking (net/http hides chunk extensions, and so the reason of an abort). Handler is a
// sender, level: full.
package sealed

import (
	"regexp"
	"strconv"
	"strings"
)

// RFC 9651: parameters, and an Item that is the status.
const (
	key        = `[a-z*][a-z0-9_.*-]*`
	token      = "[A-Za-z*][A-Za-z0-9:/!#$%&'*+.^_`|~-]*"
	bare       = `(?:` + token + `|"(?:[ !#-\[\]-~]|\\["\\])*"|:[A-Za-z0-9+/]*={0,2}:|-?[0-9]{1,12}\.[0-9]{1,3}|@?-?[0-9]{1,15}|\?[01]|%"(?:[ !#$&-~]|%[0-9a-f]{2})*")`
	parameters = `(?:; *` + key + `(?:=` + bare + `)?)*`
)

var (
	statusItem = regexp.MustCompile(`^ *(ok|error)(` + parameters + `) *$`)
	parameter  = regexp.MustCompile(`; *(` + key + `)(?:=(` + bare + `))?`)
	wishItem   = regexp.MustCompile(`^ *\?1` + parameters + ` *$`)
	typeToken  = regexp.MustCompile(`^` + token + `$`)
	integer    = regexp.MustCompile(`^-?[0-9]+$`)
	quotedPair = regexp.MustCompile(`\\(.)`)
)

// status is what an X-Stream-Status says.
type status struct {
	isError       bool
	bytes         int64 // -1 if it is not there
	kind, details string
}

// parseStatus reads the lines of the field; ok is false if there are none, or they cannot be read.
func parseStatus(lines []string) (s status, ok bool) {
	match := statusItem.FindStringSubmatch(strings.Join(lines, ", "))
	if match == nil {
		return status{}, false
	}
	s = status{isError: match[1] == "error", bytes: -1}
	values := map[string]string{}
	for _, one := range parameter.FindAllStringSubmatch(match[2], -1) {
		values[one[1]] = one[2]
	}
	if count, isThere := values["bytes"]; isThere {
		if integer.MatchString(count) {
			if n, _ := strconv.ParseInt(count, 10, 64); n >= 0 {
				s.bytes = n
			}
		}
		if s.bytes < 0 && !s.isError {
			return status{}, false
		}
	}
	if s.isError && typeToken.MatchString(values["type"]) {
		s.kind = values["type"]
	}
	if s.isError && strings.HasPrefix(values["details"], `"`) {
		text := values["details"]
		s.details = quotedPair.ReplaceAllString(text[1:len(text)-1], "$1")
	}
	return s, true
}

// members are those of a comma-separated field, in lower case.
func members(lines []string) []string {
	var list []string
	for _, one := range strings.Split(strings.Join(lines, ","), ",") {
		list = append(list, strings.ToLower(strings.Trim(one, " \t")))
	}
	return list
}

func contains(list []string, name string) bool {
	for _, one := range list {
		if one == name {
			return true
		}
	}
	return false
}
