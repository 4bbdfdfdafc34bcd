#!/bin/sh
# The proxies and clients of test/proxies, where apt-get can be used; what is missing afterwards is skipped aloud. They are not started
# as services.
command -v apt-get >/dev/null && [ "$(id -u)" = 0 ] || exit 0
missing=
for pair in nginx:nginx-light haproxy:haproxy caddy:caddy lighttpd:lighttpd apache2:apache2 nghttpx:nghttp2-proxy \
  varnishd:varnish squid:squid curl:curl openssl:openssl wget:wget wget2:wget2 php:php-cli lynx:lynx w3m:w3m lwp-request:libwww-perl; do
  command -v "${pair%%:*}" >/dev/null || missing="$missing ${pair#*:}"
done
[ -z "$missing" ] && exit 0
policy=/usr/sbin/policy-rc.d
[ -e $policy ] || { printf '#!/bin/sh\nexit 101\n' >$policy && chmod +x $policy && made=yes; }
timeout 600 sh -c "apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $missing"
[ "${made:-no}" = yes ] && rm -f $policy
exit 0
