#!/bin/sh
# get.sh URL: writes the content to standard output, but only if it may be used; the verdict goes to standard error, and the
# exit code is 0 or 1. Recipient, level: checking (curl shows no chunk extensions). Needs curl and openssl.
#
# REQUIRE (announced, always, never) and IDLE_TIMEOUT (seconds) say what to ask for.
set -u
LC_ALL=C
export LC_ALL
: "${1:?usage: get.sh URL}"
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' HUP INT TERM

accept() {
  cat "$dir/content"
  exit 0
}
conclude() { # VERDICT [TYPE]
  echo "$@" >&2
  [ "$1" = complete ] && accept
  exit 1
}
unverified() { # accepted only if nothing was announced
  echo unverified >&2
  case ${REQUIRE:-announced} in
    never) accept ;;
    always) case $code in 2*) exit 1 ;; esac ;;
  esac
  [ "$isAnnounced" = no ] && accept
  exit 1
}

: >"$dir/content" >"$dir/fields"
curl -q -sS --http1.1 --noproxy '*' --speed-limit 1 --speed-time "${IDLE_TIMEOUT:-60}" \
  -H 'TE: trailers' -H 'Connection: TE' -H 'X-Want-Stream-Status: ?1' -H 'Want-Content-Digest: sha-256=10' \
  -D "$dir/fields" -o "$dir/content" "$1" 2>"$dir/errors"
exitCode=$?

# curl -D writes the head, an empty line, and then the trailers. A line that is repeated is joined with a comma.
field() { # head|trailers NAME
  tr -d '\r' <"$dir/fields" | awk -v section="$1" -v name="$2" '
    /^HTTP\// { now = "head"; value = ""; isThere = 0 }
    $0 == "" { now = "trailers"; next }
    {
      colon = index($0, ":")
      if (now != section || tolower(substr($0, 1, colon - 1)) != name) next
      one = substr($0, colon + 1); gsub(/^[ \t]+|[ \t]+$/, "", one)
      value = isThere++ ? value ", " one : one
    }
    END { if (isThere) print value; exit !isThere }'
}

# RFC 9651: an Item that is the status.
token='[A-Za-z*][A-Za-z0-9:/!#$%&'"'"'*+.^_`|~-]*'
string='"([] !#-[^-~]|\\["\\])*"'
bare="($token|$string|:[A-Za-z0-9+/]*={0,2}:|-?[0-9]{1,12}\.[0-9]{1,3}|@?-?[0-9]{1,15}|\?[01]|%\"([ !#\$&-~]|%[0-9a-f]{2})*\")"
parameters="(; *[a-z*][a-z0-9_.*-]*(=$bare)?)*"
reads() { printf '%s\n' "$1" | grep -Exq " *$2$parameters *"; }
# The last of a parameter, with its quotes; strings are taken apart so that nothing inside one counts.
parameter() { # VALUE NAME
  printf '%s\n' "$1" | grep -Eo "; *[a-z*][a-z0-9_.*-]*(=$bare)?" | sed -n "s/^; *$2\(=\(.*\)\)\{0,1\}\$/ \2/p" | tail -n 1
}

# The status of the final response whose head came whole.
code=$(tr -d '\r' <"$dir/fields" | awk '/^HTTP\// { code = $2 } $0 == "" { whole = code } END { if (whole == code) print whole }')
case $code in '' | 1*)
  cat "$dir/errors" >&2
  echo 'no response' >&2
  exit 1
  ;;
esac
isAnnounced=no
field head x-stream-status >/dev/null && isAnnounced=yes
trailer=$(field head trailer | tr 'A-Z' 'a-z' | tr -d ' \t')
case ,$trailer, in *,x-stream-status,*) isAnnounced=yes ;; esac

case $code in 204 | 205 | 304) isAnnounced=no REQUIRE=never; unverified ;; esac
case $exitCode:$(cat "$dir/errors") in
  0:*) isCut=no ;;
  18:* | 28:* | *reset*) isCut=yes ;;
  *) conclude malformed ;;
esac
said=$(field head x-stream-status)
reads "$said" error && conclude failed "$(parameter "$said" type | grep -Ex " $token" | tr -d ' ')"
[ $isCut = yes ] && conclude truncated

if value=$(field trailers x-stream-status); then
  bytes=$(parameter "$value" bytes)
  if reads "$value" error; then
    conclude failed "$(parameter "$value" type | grep -Ex " $token" | tr -d ' ')"
  elif ! reads "$value" ok || { [ -n "$bytes" ] && ! printf '%s\n' "$bytes" | grep -Eq '^ ([0-9]+|-0+)$'; }; then
    value= isAnnounced=yes # it cannot be read
  fi
fi
digest=$(field trailers content-digest)
member="[a-z*][a-z0-9_.*-]*=:[A-Za-z0-9+/]*={0,2}:$parameters"
printf '%s\n' "$digest" | grep -Exq "$member([ 	]*,[ 	]*$member)*" || digest=
# Of Base64, a last character that stands alone is no octet.
printf '%s\n' "$digest" | grep -Eq ':([A-Za-z0-9+/]{4})*[A-Za-z0-9+/]={0,2}:' && digest=
sha256=$(printf '%s\n' "$digest" | grep -Eo 'sha-256=:[^:]*:' | tail -n 1)
hex() { od -An -v -tx1 | tr -d ' \n'; }
padded() { # Base64, whose padding may be missing
  case $((${#1} % 4)) in 2) echo "$1==" ;; 3) echo "$1=" ;; *) echo "$1" ;; esac
}
if [ -n "${value:-}" ] && [ -n "$bytes" ]; then
  [ "$(echo "$bytes" | sed 's/^ -\{0,1\}0*\([0-9]\)/\1/')" = "$(wc -c <"$dir/content" | tr -d ' ')" ] || conclude mismatch
fi
if [ -n "$sha256" ]; then
  sent=$(padded "$(echo "$sha256" | sed 's/^sha-256//' | tr -d '=:')" | openssl base64 -d -A | hex)
  [ "$sent" = "$(openssl dgst -sha256 -binary <"$dir/content" | hex)" ] || conclude mismatch
fi
[ -n "${value:-}" ] || unverified
[ -n "$sha256" ] && conclude complete
case ,$trailer, in *,content-digest,*) unverified ;; esac
case $digest in *sha-512=*) unverified ;; esac # it was not hashed
conclude complete
