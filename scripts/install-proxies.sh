#!/bin/sh
# The proxies and clients of test/proxies, where apt-get can be used; what is missing afterwards is skipped aloud. They are not started
# as services.
command -v apt-get >/dev/null && [ "$(id -u)" = 0 ] || exit 0
missing=
for pair in nginx:nginx-light haproxy:haproxy caddy:caddy lighttpd:lighttpd apache2:apache2 nghttpx:nghttp2-proxy \
  varnishd:varnish squid:squid curl:curl openssl:openssl wget:wget wget2:wget2 php:php-cli lynx:lynx w3m:w3m lwp-request:libwww-perl; do
  command -v "${pair%%:*}" >/dev/null || missing="$missing ${pair#*:}"
done
# Of lighttpd, TLS is a package of its own.
ls /usr/lib/lighttpd/mod_openssl.so >/dev/null 2>&1 || missing="$missing lighttpd-mod-openssl"
if [ -n "$missing" ]; then
  policy=/usr/sbin/policy-rc.d
  [ -e $policy ] || { printf '#!/bin/sh\nexit 101\n' >$policy && chmod +x $policy && made=yes; }
  timeout 600 sh -c "apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $missing"
  [ "${made:-no}" = yes ] && rm -f $policy
fi

# An nginx that passes trailers, 1.27.2 or later: from Debian's sid, with the libraries that it wants, in a folder of its own.
# Nothing of it is installed.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/chunked-trailers/nginx
keys=/usr/share/keyrings/debian-archive-keyring.gpg
[ -x "$cache/nginx" ] || [ "$(uname -m)" != x86_64 ] || [ ! -e $keys ] && exit 0
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT || exit 0
mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" "$work/debs" "$cache/root"
echo "deb [signed-by=$keys] http://deb.debian.org/debian sid main" >"$work/sources.list"
: >"$work/status"
sid() {
  timeout 300 apt-get -q -o APT::Sandbox::User=root -o Dir::Etc::SourceList="$work/sources.list" \
    -o Dir::Etc::SourceParts=/dev/null -o Dir::State="$work/state" -o Dir::State::status="$work/status" \
    -o Dir::Cache="$work/cache" "$@"
}
sid update && cd "$work/debs" && sid download nginx libc6 libpcre2-8-0 libssl3t64 zlib1g libcrypt1 || exit 0
for deb in *.deb; do dpkg -x "$deb" "$cache/root" || exit 0; done
cat >"$cache/nginx" <<END
#!/bin/sh
root=$cache/root
exec \$root/usr/lib64/ld-linux-x86-64.so.2 --library-path \$root/usr/lib/x86_64-linux-gnu \$root/usr/sbin/nginx "\$@"
END
chmod +x "$cache/nginx"
